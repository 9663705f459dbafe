/** What captures databases, loaded when it is needed: most runs take theirs over. */
export async function loadCapturing() {
  const [{ archiveChanges }, { archiveDatabase }] = await Promise.all([
    import('./archive-changes.ts'),
    import('./archive-database.ts'),
  ]);
  return { archiveChanges, archiveDatabase };
}
