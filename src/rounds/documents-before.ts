/**
 * The ring documents before the one of an epoch, from the first on, page by page.
 * @param read a page of documents from an epoch on.
 * @returns fewer than there are where whoever is asked has no more.
 */
export async function documentsBefore(
  epoch: number,
  read: (question: { readonly from: string }) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const older: string[] = [];
  while (older.length < epoch - 1) {
    const page = await read({ from: String(older.length + 1) });
    if (page.length === 0) break;
    older.push(...page.slice(0, epoch - 1 - older.length));
  }
  return older;
}
