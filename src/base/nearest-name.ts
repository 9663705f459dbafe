/**
 * The candidate a person most likely meant by `word`, for "did you mean"; undefined when none is
 * near. Near: one slip in up to 3 letters, two in up to 7, else three; or an unfinished word of
 * which exactly one candidate is the longer form. Of equally near ones the first.
 */
export function nearestName(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  const limit = wanted.length <= 3 ? 1 : wanted.length <= 7 ? 2 : 3;
  const names = [...candidates];
  let best: { name: string; distance: number } | undefined;
  for (const name of names) {
    const distance = editDistance(wanted, name.toLowerCase());
    const near = distance <= limit && distance < Math.max(wanted.length, name.length);
    if (near && distance < (best?.distance ?? Infinity)) best = { name, distance };
  }
  return best?.name ?? onlyLongerForm(wanted, names);
}

/** `, did you mean "x"` or nothing, to append to a message. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const nearest = nearestName(word, candidates);
  return nearest === undefined ? '' : `, did you mean "${nearest}"?`;
}

function onlyLongerForm(wanted: string, names: readonly string[]): string | undefined {
  if (wanted.length < 3) return undefined;
  const longer = names.filter((name) => name.toLowerCase().startsWith(wanted));
  return longer.length === 1 ? longer[0] : undefined;
}

/** Optimal string alignment: insert, delete, replace, or swap two neighbours, each costs 1. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
