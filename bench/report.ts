/** The saved results as one piece of Markdown between two markers of a document. */
import type { Part, Rendered } from './part.ts';
import type { PartName } from './part-names.ts';
import type { SavedPart } from './result-file.ts';
import { renderTable } from './numbers.ts';

export const BEGIN = '<!-- bench:begin -->';
export const END = '<!-- bench:end -->';

/** `document` with `text` between the markers; all else stays. Throws if they are not there once. */
export function replaceBetweenMarkers(document: string, text: string): string {
  const [before, rest, ...more] = document.split(BEGIN);
  const [old, after, ...evenMore] = (rest ?? '').split(END);
  const isSound = old !== undefined && after !== undefined;
  if (before === undefined || !isSound || more.length > 0 || evenMore.length > 0) {
    throw new Error(`the document must hold "${BEGIN}" and then "${END}", once each`);
  }
  return `${before}${BEGIN}\n\n${text}\n\n${END}${after}`;
}

/** Parts that were not measured are left out. */
export function renderReport(
  saved: readonly SavedPart[],
  parts: Readonly<Record<PartName, Part>>,
): string {
  const rendered = saved.map((one) => parts[one.part].render(one));
  return [
    renderOrigin(saved),
    renderGoals(rendered),
    ...saved.map((one, at) => renderPart(one, rendered[at])),
  ].join('\n\n');
}

function renderPart({ complete, part }: SavedPart, rendered: Rendered | undefined): string {
  const note = complete ? '' : `\n\n(Not finished: \`npm run bench -- --set ${part}\` carries on.)`;
  return `${rendered?.markdown ?? ''}${note}`;
}

function renderOrigin(saved: readonly SavedPart[]): string {
  const facts = [...new Set(saved.flatMap((one) => one.facts))].map((fact) => `- ${fact}`);
  const rows = saved.map(({ part, sittings, commit, runs }) => [
    part,
    sittings.at(-1)?.startedAt.slice(0, 16).replace('T', ' ') ?? '',
    commit,
    String(runs),
    Math.max(...sittings.map(({ loadAverage }) => loadAverage)).toFixed(2),
    `${(Math.max(...sittings.map(({ busyShare }) => busyShare)) * 100).toFixed(0)} %`,
    `${Math.max(...sittings.map(({ createUs }) => createUs)).toFixed(0)} µs`,
  ]);
  const head = [
    'part',
    'measured (UTC)',
    'commit',
    'runs',
    'load before',
    'busy before',
    'a file created in',
  ];
  return `${facts.join('\n')}\n\n${renderTable(head, rows)}`;
}

function renderGoals(rendered: readonly Rendered[]): string {
  const all = rendered.flatMap(({ verdicts }) => verdicts);
  const missed = all.filter(({ met }) => !met);
  const head = `**${all.length - missed.length} of ${all.length} goals met.**`;
  if (missed.length === 0) return head;
  const lines = missed.map(({ what, value, goal }) => `- ${what}: ${value}, goal ${goal}`);
  return `${head} Missed:\n\n${lines.join('\n')}`;
}
