/** Processes of a service, from the kernel's own list. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Where cgroup2 is mounted: alone, beside version 1, and version 1 with systemd's own tree. */
const MOUNTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd'];

/** As "process 12 (node), process 13 (caddy)"; empty when there is none. */
export async function processesOf(controlGroup: string): Promise<string> {
  if (controlGroup === '' || controlGroup === '/') return '';
  for (const mount of MOUNTS) {
    const list = await readOrEmpty(join(mount, controlGroup, 'cgroup.procs'));
    if (list === '') continue;
    const names = list.trim().split('\n').map(describeProcess);
    return (await Promise.all(names)).join(', ');
  }
  return '';
}

/** By its program alone: further arguments may hold secrets. */
export async function describeProcess(pid: string): Promise<string> {
  const [program = ''] = (await readOrEmpty(`/proc/${pid}/cmdline`)).split('\0');
  return program === '' ? `process ${pid}` : `process ${pid} (${basename(program)})`;
}

async function readOrEmpty(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
