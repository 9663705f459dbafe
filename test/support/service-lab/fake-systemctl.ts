/**
 * `systemctl` of systemd 252, as far as a service is concerned: the options of systemctl(1) and no
 * others, its exit codes and its words.
 */
import { existsSync, lstatSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RUNTIME_FOLDER, UNIT_FOLDERS, type FakeUnit, type JobResult } from './fake-unit.ts';
import {
  parseArguments,
  UnknownOptionError,
  type ParsedArguments,
  type ProgramAnswer,
} from './program-answer.ts';

/** Source: systemctl(1). `true`: it takes a value. */
const OPTIONS = new Map<string, boolean>([
  ...['-p', '--property', '-P', '-t', '--type', '--state', '-o', '--output'].map(withValue),
  ...['-n', '--lines', '-s', '--signal', '--kill-whom', '--job-mode', '--root'].map(withValue),
  ...['-a', '--all', '-q', '--quiet', '-f', '--force', '--system', '--user', '--no-wall'].map(
    plain,
  ),
  ...['--no-pager', '--no-ask-password', '--no-block', '--no-legend', '--no-reload'].map(plain),
  ...['--runtime', '--value', '--now', '--wait', '--full', '-l', '--plain', '--no-warn'].map(plain),
]);

const VERBS_OF_UNITS = ['start', 'stop', 'restart', 'mask', 'unmask', 'is-active', 'is-enabled'];

export class FakeSystemctl {
  readonly #units: ReadonlyMap<string, FakeUnit>;
  readonly #sockets: Map<string, 'active' | 'failed'>;
  readonly #root: string;

  constructor(units: readonly FakeUnit[], root: string) {
    this.#units = new Map(units.map((unit) => [unit.spec.name, unit]));
    const sockets = units.flatMap(({ spec }) => spec.sockets);
    this.#sockets = new Map(sockets.map((name) => [name, 'active' as const]));
    this.#root = root;
  }

  async run(argv: readonly string[]): Promise<ProgramAnswer> {
    try {
      return await this.#runVerb(parseArguments(argv, OPTIONS));
    } catch (error) {
      if (!(error instanceof UnknownOptionError)) throw error;
      return failure(`systemctl: unrecognized option '${error.message}'`);
    }
  }

  /** Somebody connects to the socket. */
  async trigger(socket: string): Promise<void> {
    const unit = [...this.#units.values()].find(({ spec }) => spec.sockets.includes(socket));
    if (unit === undefined || this.#sockets.get(socket) !== 'active') return;
    if ((await unit.start()) !== 'done') this.#sockets.set(socket, 'failed');
  }

  async #runVerb(parsed: ParsedArguments): Promise<ProgramAnswer> {
    const [verb = '', ...names] = parsed.words;
    if (verb === 'show') return this.#show(names, parsed);
    if (verb === 'daemon-reload') return this.#reload();
    if (verb === 'reset-failed') return this.#resetFailed(names);
    if (!VERBS_OF_UNITS.includes(verb)) return failure(`Unknown command verb ${verb}.`);
    if (names.length === 0) return failure('Too few arguments.');
    for (const name of names.map(withType)) {
      const answer = await this.#runOnUnit(verb, name, parsed);
      if (answer.exitCode !== 0 || names.length === 1) return answer;
    }
    return { exitCode: 0 };
  }

  async #runOnUnit(verb: string, name: string, parsed: ParsedArguments): Promise<ProgramAnswer> {
    const runtime = parsed.options.has('--runtime');
    if (verb === 'mask') return this.#mask(name, runtime);
    if (verb === 'unmask') return this.#unmask(name, runtime);
    if (this.#sockets.has(name) && verb === 'start') {
      this.#sockets.set(name, 'active');
      return { exitCode: 0 };
    }
    const unit = this.#units.get(name);
    if (verb === 'is-active') {
      const active = unit?.active ?? this.#sockets.get(name) ?? 'inactive';
      return { exitCode: active === 'active' ? 0 : 3, stdout: `${active}\n` };
    }
    if (unit === undefined) {
      const problem = verb === 'stop' ? 'not loaded' : 'not found';
      return failure(`Failed to ${verb} ${name}: Unit ${name} ${problem}.`, 5);
    }
    if (verb === 'is-enabled') return this.#isEnabled(unit);
    if (verb === 'stop') return answerOf(await unit.stop(), 'stop', name);
    if (verb === 'restart') await unit.stop();
    return answerOf(await unit.start(), 'start', name);
  }

  #isEnabled({ spec: { name }, masked }: FakeUnit): ProgramAnswer {
    if (!masked) return { exitCode: 0, stdout: 'enabled\n' };
    const lasting = existsSync(join(this.#root, UNIT_FOLDERS.etc, name));
    return { exitCode: 1, stdout: lasting ? 'masked\n' : 'masked-runtime\n' };
  }

  #mask(name: string, runtime: boolean): ProgramAnswer {
    const folder = runtime ? RUNTIME_FOLDER : UNIT_FOLDERS.etc;
    const path = join(this.#root, folder, name);
    const isOwnFile = !runtime && this.#units.get(name)?.spec.place === 'etc';
    if (isOwnFile) return failure(`Failed to mask unit: File ${path} already exists.`);
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    symlinkSync('/dev/null', path);
    this.#reload();
    return { exitCode: 0, stderr: `Created symlink ${path} → /dev/null.\n` };
  }

  #unmask(name: string, runtime: boolean): ProgramAnswer {
    const path = join(this.#root, runtime ? RUNTIME_FOLDER : UNIT_FOLDERS.etc, name);
    const isOwnFile = !runtime && this.#units.get(name)?.spec.place === 'etc';
    if (isOwnFile || !linkExists(path)) return { exitCode: 0 };
    rmSync(path);
    this.#reload();
    return { exitCode: 0, stderr: `Removed "${path}".\n` };
  }

  #reload(): ProgramAnswer {
    for (const unit of this.#units.values()) unit.reload();
    return { exitCode: 0 };
  }

  #resetFailed(names: readonly string[]): ProgramAnswer {
    for (const name of names.map(withType)) {
      const unit = this.#units.get(name);
      if (unit === undefined) {
        return failure(`Failed to reset failed state of unit ${name}: Unit ${name} not loaded.`);
      }
      unit.resetFailed();
    }
    return { exitCode: 0 };
  }

  #show(names: readonly string[], { options }: ParsedArguments): ProgramAnswer {
    const asked = options.get('-p') ?? options.get('--property') ?? options.get('-P');
    const wanted = typeof asked === 'string' ? asked.split(',') : undefined;
    const valueOnly = options.has('--value') || options.has('-P');
    const [name] = names;
    const all = name === undefined ? this.#managerProperties() : this.#properties(withType(name));
    const lines = all
      .filter(([key]) => wanted?.includes(key) ?? true)
      .map(([key, value]) => (valueOnly ? value : `${key}=${value}`));
    return { exitCode: 0, stdout: lines.map((line) => `${line}\n`).join('') };
  }

  #managerProperties(): [string, string][] {
    const folders = [
      'etc/systemd/system.control',
      'run/systemd/system.control',
      'run/systemd/transient',
    ];
    const path = [...folders, UNIT_FOLDERS.etc, RUNTIME_FOLDER, UNIT_FOLDERS.lib].map((folder) =>
      join(this.#root, folder),
    );
    return [
      ['Version', '252'],
      ['UnitPath', path.join(' ')],
    ];
  }

  #properties(name: string): [string, string][] {
    const unit = this.#units.get(name);
    const socket = this.#sockets.get(name);
    if (unit === undefined) {
      return [
        ['Id', name],
        ['LoadState', socket === undefined ? 'not-found' : 'loaded'],
        ['ActiveState', socket ?? 'inactive'],
        ['SubState', socket === undefined ? 'dead' : socket === 'active' ? 'listening' : 'failed'],
      ];
    }
    const { spec, active, sub, result, masked, dropIns, pid } = unit;
    return [
      ['Restart', masked ? 'no' : spec.restart],
      ['TimeoutStopUSec', masked ? '1min 30s' : `${spec.timeoutStopMs / 1000}s`],
      ['MainPID', String(pid)],
      ['Result', result],
      ['ControlGroup', ''],
      ['Id', name],
      ['TriggeredBy', spec.sockets.join(' ')],
      ['LoadState', masked ? 'masked' : 'loaded'],
      ['ActiveState', active],
      ['SubState', sub],
      ['FragmentPath', masked ? '' : join(this.#root, UNIT_FOLDERS[spec.place], name)],
      ['DropInPaths', dropIns.join(' ')],
      ['UnitFileState', masked ? 'masked-runtime' : 'enabled'],
    ];
  }
}

function answerOf(result: JobResult, verb: 'start' | 'stop', name: string): ProgramAnswer {
  const look = `See "systemctl status ${name}" and "journalctl -xeu ${name}" for details.`;
  switch (result) {
    case 'done':
      return { exitCode: 0 };
    case 'masked':
      return failure(`Failed to ${verb} ${name}: Unit ${name} is masked.`);
    case 'assert':
      return failure(`Assertion failed on job for ${name}.`);
    case 'canceled':
      return failure(`Job for ${name} canceled.`);
    case 'timeout':
      return failure(`Job for ${name} timed out.`);
    case 'too-often':
      return failure(
        `Job for ${name} failed because start of the service was attempted too often.\n${look}`,
      );
  }
}

function failure(text: string, exitCode = 1): ProgramAnswer {
  return { exitCode, stderr: `${text}\n` };
}

function withType(name: string): string {
  return /\.(?:service|socket|target|timer)$/.test(name) ? name : `${name}.service`;
}

/** `existsSync` would follow it. */
function linkExists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function withValue(name: string): [string, boolean] {
  return [name, true];
}

function plain(name: string): [string, boolean] {
  return [name, false];
}
