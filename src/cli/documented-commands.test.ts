/** Whatever the documents and the hints of errors (docs/errors.md) tell a person to type exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { commandTable } from './command-table.ts';
import { describeProgram, type CommandSpec } from './completion/command-tree.ts';
import { addGlobalOptions } from './global-options.ts';

const program = new Command('keepsake').version('1', '--version', 'print the version');
addGlobalOptions(program);
for (const define of commandTable) define(program, async () => {});
const spec = describeProgram(program);

const root = new URL('../../', import.meta.url);
const pages = ['README.md', ...markdownIn('docs/'), ...markdownIn('docs/recovery/')];

function markdownIn(folder: string): string[] {
  const names = readdirSync(new URL(folder, root)).filter((name) => name.endsWith('.md'));
  return names.map((name) => folder + name);
}

/** In words, each up to what the shell takes for itself. */
function* commandsOf(text: string): Generator<string[]> {
  const fenced = [...text.matchAll(/^```(?:sh|console)?\n(.*?)^```/gms)].map(
    ([, lines = '']) => lines,
  );
  const spans = [...text.replaceAll(/^```.*?^```/gms, '').matchAll(/`([^`]+)`/g)];
  const all = [
    ...fenced.flatMap((lines) => lines.split('\n')),
    ...spans.map(([, span = '']) => span),
  ];
  for (const line of all) {
    for (const [, rest = ''] of line.matchAll(/(?:^|&& |\$ )keepsake((?: [^#|>&;]*)?)/g)) {
      yield rest.split(/\s+/).filter((word) => word !== '');
    }
  }
}

/** What of it the program does not know. */
function unknownIn(words: readonly string[]): string[] {
  const unknown: string[] = [];
  let command: CommandSpec = spec;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') break;
    if (word.startsWith('-') && word !== '-') {
      const name = word.replace(/=.*/, '');
      const known = [...command.flags, ...spec.flags];
      const flag = known.find(({ short, long }) => name === short || name === long);
      if (flag === undefined) unknown.push(word);
      else if (flag.value !== 'none' && !word.includes('=')) at += 1;
      continue;
    }
    const sub = command.subcommands.find(({ path }) => path.at(-1) === word);
    if (sub !== undefined) command = sub;
    else if (command.subcommands.length > 0) unknown.push(word);
  }
  return unknown;
}

test.each(pages)('every command in %s is one of the program, with flags it knows', (page) => {
  const text = readFileSync(new URL(page, root), 'utf8');
  const wrong = [...commandsOf(text)]
    .map((words) => ({ typed: ['keepsake', ...words].join(' '), unknown: unknownIn(words) }))
    .filter(({ unknown }) => unknown.length > 0);
  expect(wrong).toEqual([]);
});

test('a command or a flag that does not exist is found', () => {
  const text = '`keepsake resotre latest` and `keepsake -r X restore --onyl database`';
  expect([...commandsOf(text)].map(unknownIn)).toEqual([['resotre', 'latest'], ['--onyl']]);
});

/** As the places that show the pages make it of a heading. */
function anchorOf(heading: string): string {
  const words = heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '');
  return words.trim().replaceAll(' ', '-');
}

test.each(pages)('every link in %s leads somewhere', (page) => {
  const here = new URL(page, root);
  const links = readFileSync(here, 'utf8').matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g);
  for (const [link, file = '', anchor] of links) {
    const target = file === '' ? here : new URL(file, here);
    expect(existsSync(target), link).toBe(true);
    if (anchor === undefined) continue;
    const headings = readFileSync(target, 'utf8').matchAll(/^#+ (.*)$/gm);
    expect([...headings].map(([, heading = '']) => anchorOf(heading))).toContain(anchor);
  }
});
