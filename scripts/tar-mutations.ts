/** Of what `export` writes and `import` takes in. */
import type { Mutation } from './mutation.ts';

export const tarMutations: readonly Mutation[] = [
  {
    rule: 1,
    what: 'a torn database of an archive counts as sound',
    file: 'src/operations/import/judge-copies.ts',
    text: "if (integrity.result !== 'ok') {",
    replacement: 'if (integrity.problems.length > 1000) {',
    test: {
      file: 'src/operations/import/judge-copies.test.ts',
      title: 'a row missing from an index alone makes the copy torn',
    },
  },
  {
    rule: 7,
    what: 'a member may climb out of the archive',
    file: 'src/operations/import/member-table.ts',
    text: "if (parts.includes('..')) throw this.refused(name, 'its path has \"..\" in it');",
    replacement: '',
    test: { file: 'src/operations/import/member-table.test.ts', title: 'a path that climbs' },
  },
  {
    rule: 7,
    what: 'a member may lie below a link of the archive',
    file: 'src/operations/import/member-table.ts',
    text: "if (above === undefined || above === 'dir') continue;",
    replacement: 'if (above !== undefined || key !== name) continue;',
    test: { file: 'src/operations/import/member-table.test.ts', title: 'a member below a link' },
  },
  {
    rule: 7,
    what: 'an archive that ends without its mark counts as whole',
    file: 'src/source/tar-reader.ts',
    text: "throw this.#damaged('it ends without its mark');",
    replacement: 'break;',
    test: {
      file: 'src/source/tar-reader.test.ts',
      title: 'an archive cut off anywhere is an error',
    },
  },
  {
    rule: 7,
    what: 'an exported archive is believed without reading it again',
    file: 'src/operations/export.ts',
    text: 'if (sizeBytes === expected.sizeBytes && sha256 === expected.sha256) return;',
    replacement: "if (sizeBytes >= 0 && sha256 !== '') return;",
    test: {
      file: 'test/crash/export-crash.test.ts',
      title: 'reads otherwise than it was written gives no archive',
    },
  },
  {
    rule: 7,
    what: 'the map of a sparse member may lead beyond its file',
    file: 'src/source/tar-sparse.ts',
    text: 'if (at < end || at + length > sizeBytes) return undefined;',
    replacement: '',
    test: {
      file: 'src/source/tar-reader.test.ts',
      title: 'a map that does not fit its file is damage',
    },
  },
];
