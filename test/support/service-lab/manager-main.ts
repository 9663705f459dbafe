/**
 * The lab's service manager: stands for PID 1 and for the docker daemon, and answers the `systemctl`
 * and `docker` on the lab's PATH. Ends, with all it started, when its stdin does.
 *
 *   node manager-main.ts SPEC.json
 */
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { FakeDocker } from './fake-docker.ts';
import { FakeSystemctl } from './fake-systemctl.ts';
import { FakeUnit } from './fake-unit.ts';
import {
  encodeForClient,
  type LabAnswer,
  type LabRequest,
  type LabSpec,
} from './manager-protocol.ts';
import type { ProgramAnswer } from './program-answer.ts';

const spec = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as LabSpec;
const units = spec.units.map((unit) => new FakeUnit(unit, spec.root));
const systemctl = new FakeSystemctl(units, spec.root);
const docker = spec.container === undefined ? undefined : new FakeDocker(spec.container);
const calls: string[] = [];
const faults: { word: string; answer: ProgramAnswer }[] = [];

async function answer(request: LabRequest): Promise<LabAnswer> {
  if ('program' in request) {
    const { program, argv } = request;
    calls.push([program, ...argv].join(' '));
    const fault = faults.findIndex(({ word }) => argv.includes(word));
    if (fault >= 0) return faults.splice(fault, 1)[0]?.answer ?? { exitCode: 1 };
    if (program === 'systemctl') return systemctl.run(argv);
    const stderr = 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.\n';
    return docker?.run(argv) ?? { exitCode: 1, stderr };
  }
  switch (request.admin) {
    case 'calls':
      return { exitCode: 0, calls };
    case 'pid':
      return { exitCode: 0, stdout: String(units[0]?.pid ?? docker?.pid ?? 0) };
    case 'kill':
      for (const unit of units) unit.kill();
      docker?.kill();
      return { exitCode: 0 };
    case 'trigger':
      await systemctl.trigger(request.socket);
      return { exitCode: 0 };
    case 'fault':
      faults.push(request);
      return { exitCode: 0 };
  }
}

function serve(socket: Socket): void {
  const lines = createInterface({ input: socket });
  // Whoever asked was killed; readline tells the error of its input once more.
  for (const each of [socket, lines]) each.on('error', () => {});
  lines.once('line', (line) => void serveLine(line, socket));
}

async function serveLine(line: string, socket: Socket): Promise<void> {
  if (line.startsWith('{')) {
    socket.end(JSON.stringify(await answer(JSON.parse(line) as LabRequest)));
    return;
  }
  const [program, ...argv] = line.split('\0').slice(0, -1);
  const request = { program: program === 'docker' ? 'docker' : 'systemctl', argv } as const;
  socket.end(encodeForClient(await answer(request)));
}

async function end(): Promise<void> {
  await Promise.all([...units, docker].map(async (item) => item?.dispose()));
  process.exit(0);
}

createServer({ allowHalfOpen: true }, serve).listen(spec.port, '127.0.0.1', () =>
  console.log('ready'),
);
process.stdin.on('end', () => void end()).resume();
