/** Longest message taken from another machine, characters: it ends up on a screen and in logs. */
export const DETAIL_CHARS_MAX = 1_000;

/** Another machine's text without what could rewrite a terminal or forge a log line: control and format characters. */
export function printable(text: string): string {
  return text.slice(0, DETAIL_CHARS_MAX).replace(/\p{C}/gu, ' ');
}
