/** What the benchmark's own programs are told and say over their parent's channel: one question, one answer. */
export interface Question {
  readonly id: number;
  readonly name: string;
  readonly body: unknown;
}

export interface Answer {
  readonly id: number;
  readonly body?: unknown;
  readonly error?: string;
}

/** Answers the parent's questions one by one; ends with the parent. */
export function answerParent(answers: Readonly<Record<string, (body: unknown) => unknown>>): void {
  process.on('message', async ({ id, name, body }: Question) => {
    try {
      const made: Answer = { id, body: await answers[name]?.(body) };
      process.send?.(made);
    } catch (error) {
      process.send?.({ id, error: String(error) });
    }
  });
  process.once('disconnect', () => process.exit());
}
