/** The tables of growth: times a file or a byte, and a day's bytes, as the data grows. */
import { medianOf, type Fact } from './compare-tables.ts';
import { growthActs, type GrowthFacts, type GrowthName, type GrowthRound } from './growth-steps.ts';
import { ratioOf, renderTable, showBytes, showIf, showMs, showRatio } from './numbers.ts';
import type { Rendered } from './part.ts';
import type { SavedPart } from './result-file.ts';
import type { Act } from './round.ts';
import { judge, type Verdict } from './verdict.ts';

const FLAT_WITHIN = 1.2;

/** One size of the data with what was measured on it. */
interface Size {
  readonly facts: GrowthFacts;
  /** Files for A, megabytes for C. */
  readonly units: number;
  value(act: Act, fact: Fact): number | undefined;
}

export function renderGrowth(name: GrowthName, saved: SavedPart): Rendered {
  const sizes = sizesOf(name, saved);
  const [smallest] = sizes;
  if (smallest === undefined) return { markdown: '', verdicts: [] };
  const times = renderTimes(name, sizes, smallest);
  const days = renderDays(name, sizes, smallest);
  const title =
    name === 'growth-A' ? '### Growth of A: rows and files' : '### Growth of C: the database';
  return {
    markdown: [title, times.markdown, days.markdown].join('\n\n'),
    verdicts: [...times.verdicts, ...days.verdicts],
  };
}

function sizesOf(name: GrowthName, { entries }: SavedPart): Size[] {
  const all = Object.values(entries) as (GrowthFacts | GrowthRound)[];
  const rounds = all.filter((one) => 'acts' in one);
  return all
    .filter((one) => 'uploads' in one)
    .map((facts) => ({
      facts,
      units: name === 'growth-A' ? facts.uploads : (facts.databaseBytes + facts.uploadBytes) / 1e6,
      value: (act, fact) =>
        medianOf(
          rounds.filter(({ factor }) => factor === facts.factor),
          'keepsake',
          { act, fact },
        ),
    }));
}

/** A cell: the whole time, then what a file or a megabyte takes, then that against the smallest. */
function renderTimes(name: GrowthName, sizes: readonly Size[], smallest: Size): Rendered {
  const unit = name === 'growth-A' ? 'a file' : 'a MB';
  const verdicts: Verdict[] = [];
  const cell = (act: Act, size: Size) => {
    const wall = size.value(act, 'wall');
    const each = ratioOf(wall, size.units);
    if (wall === undefined || each === undefined) return '';
    const text = `${showMs(wall)}, ${showMs(each)} ${unit}`;
    if (size === smallest) return text;
    const growth = ratioOf(each, ratioOf(smallest.value(act, 'wall'), smallest.units));
    const what = `${name} ${size.facts.factor}×: ${act}, time ${unit} against 1×`;
    const judged = judge(what, growth, { goal: FLAT_WITHIN, show: showRatio });
    verdicts.push(...judged.verdicts);
    return `${text}: ${showIf(growth, showRatio)} ${judged.verdicts[0]?.met === false ? '**missed**' : 'met'}`;
  };
  const rows = growthActs.map((act) => [act, ...sizes.map((size) => cell(act, size))]);
  const marginal = growthActs.map((act) => marginalRow(act, unit, sizes));
  const head = ['', ...sizes.map(headOf)];
  return { markdown: renderTable(head, [...rows, ...marginal]), verdicts };
}

/** Without what every command costs whatever the size: the time of each further file or megabyte. */
function marginalRow(act: Act, unit: string, sizes: readonly Size[]): string[] {
  const cells = sizes.map((size, at) => {
    const before = sizes[at - 1];
    const [now, then] = [size.value(act, 'wall'), before?.value(act, 'wall')];
    if (before === undefined || now === undefined || then === undefined) return '';
    return showMs((now - then) / (size.units - before.units));
  });
  return [`${act}, ${unit.replace('a ', 'each further ')}`, ...cells];
}

function headOf({ facts: { factor, databaseBytes, uploads, uploadBytes } }: Size): string {
  const files = uploads.toLocaleString('en');
  return `${factor}×: ${showBytes(databaseBytes)}, ${files} files of ${showBytes(uploadBytes)}`;
}

function renderDays(name: GrowthName, sizes: readonly Size[], smallest: Size): Rendered {
  const verdicts: Verdict[] = [];
  const rest = (size: Size) => {
    const [all, trees] = [size.value('after a day', 'added'), size.value('after a day', 'trees')];
    return all === undefined || trees === undefined ? undefined : all - trees;
  };
  const rows = sizes.map((size) => {
    const growth = size === smallest ? undefined : ratioOf(rest(size), rest(smallest));
    const what = `${name} ${size.facts.factor}×: a day's bytes without id lists against 1×`;
    const goal = size === smallest ? undefined : FLAT_WITHIN;
    const judged = judge(what, growth, { goal, show: showRatio });
    verdicts.push(...judged.verdicts);
    return [
      `${size.facts.factor}×`,
      showBytes(size.facts.databaseBytes),
      showIf(size.value('after a day', 'added'), showBytes),
      showIf(size.value('after a day', 'trees'), showBytes),
      showIf(rest(size), showBytes),
      showIf(growth, showRatio),
      judged.text,
    ];
  });
  const head = ['', 'database', 'a day stores', 'of it id lists', 'the rest', 'against 1×', 'goal'];
  return { markdown: renderTable(head, rows), verdicts };
}
