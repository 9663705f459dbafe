/** All parts, in the order of their names; a new one is a line here. */
import { comparePart } from './compare-part.ts';
import { growthPart } from './growth-part.ts';
import { inPlacePart } from './in-place-part.ts';
import { memoryPart } from './memory-part.ts';
import type { Part } from './part.ts';
import type { PartName } from './part-names.ts';
import { sealingPart } from './sealing-part.ts';
import { startupPart } from './startup-part.ts';

export const parts: Readonly<Record<PartName, Part>> = {
  A: comparePart('A'),
  B: comparePart('B'),
  C: comparePart('C'),
  'growth-A': growthPart('growth-A'),
  'growth-C': growthPart('growth-C'),
  'memory-4GB': memoryPart('memory-4GB'),
  'memory-200k': memoryPart('memory-200k'),
  startup: startupPart,
  sealing: sealingPart,
  'in-place': inPlacePart,
};
