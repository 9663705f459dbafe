/** What the benchmark consists of: each part is measured, saved and shown by itself. */
export const partNames = [
  'A',
  'B',
  'C',
  'growth-A',
  'growth-C',
  'memory-4GB',
  'memory-200k',
  'startup',
  'sealing',
  'in-place',
] as const;

export type PartName = (typeof partNames)[number];

/** `A,growth` → `A`, `growth-A`, `growth-C`, in the order of the parts. */
export function choosePartNames(list: string): PartName[] {
  const wanted = new Set<PartName>();
  for (const name of list.split(',')) {
    const found = partNames.filter(
      (part) => name === 'all' || part === name || part.startsWith(`${name}-`),
    );
    if (found.length === 0) {
      throw new Error(`"${name}" is none of ${partNames.join(', ')}, growth, memory, all`);
    }
    for (const part of found) wanted.add(part);
  }
  return partNames.filter((part) => wanted.has(part));
}
