import { expect, test, vi } from 'vitest';
import { startControlledApp, type ControlledApp } from '../support/service-lab/controlled-app.ts';
import type { LabAppOptions } from '../support/service-lab/start-lab-app.ts';
import type { JsonValue } from '../../src/base/json-value.ts';
import { openService } from '../../src/host/open-service.ts';

vi.setConfig({ testTimeout: 30_000 });

const limit = { limitMs: 10_000 };

function startLab(options: LabAppOptions = {}): Promise<ControlledApp> {
  return startControlledApp({ manager: 'docker', ...options });
}

test('a container is stopped for certain, with the time it needs, and started again', async () => {
  await using lab = await startLab({ app: { stopWaitMs: 300 } });
  const { app, service } = lab;
  expect([service.description, await service.state({})]).toEqual([
    'docker container wishlist',
    'running',
  ]);
  await app.openTab();
  await service.stop({ limitMs: 40_500 });
  expect([await service.state({}), await app.pid()]).toEqual(['stopped', 0]);
  // docker's own 10 s would kill an app that waits for an open page.
  expect(await app.calls()).toContain('docker stop -t 40 wishlist');
  await service.start(limit);
  await app.untilUp();
  expect(await service.state({})).toBe('running');
});

test('at the limit docker kills it, and that counts as stopped', async () => {
  await using lab = await startLab({ app: { ignoreTerm: true } });
  await lab.service.stop({ limitMs: 1000 });
  expect([await lab.service.state({}), await lab.app.pid()]).toEqual(['stopped', 0]);
});

test.each(['unless-stopped', 'always', 'on-failure:3', 'no'])(
  'a held container has no restart policy, and its own (%s) after',
  async (restartPolicy) => {
    await using lab = await startLab({ restartPolicy });
    const { app, service } = lab;
    let told: JsonValue = null;
    const held = await service.hold({
      record: async (facts) => {
        told = facts;
        expect(await policyOf(app)).toBe(restartPolicy);
      },
    });
    expect(told).toEqual(held);
    expect(await policyOf(app)).toBe('no');
    await app.kill();
    await app.untilState('exited');
    // A second hold after a crash knows no more than the journal.
    expect(await service.hold({ known: held })).toEqual(held);
    await service.release(JSON.parse(JSON.stringify(held)) as JsonValue, {});
    expect(await policyOf(app)).toBe(restartPolicy);
  },
);

test('a container that would vanish when stopped is not stopped', async () => {
  await using lab = await startLab({ autoRemove: true });
  await expect(lab.service.stop(limit)).rejects.toMatchObject({
    code: 'SERVICE_STOP_FAILED',
    message: expect.stringContaining('--rm') as string,
  });
  expect(await lab.service.state({})).toBe('running');
});

test('a container that is not there is missing; a docker that does not answer is quoted', async () => {
  await using lab = await startLab({ running: false });
  const other = openService({ docker: 'other' }, lab.host);
  expect(await other.state({})).toBe('missing');
  await expect(other.hold({})).rejects.toMatchObject({ code: 'SERVICE_HOLD_FAILED' });
  await expect(other.start(limit)).rejects.toMatchObject({
    code: 'SERVICE_START_FAILED',
    details: { reason: 'Error response from daemon: No such container: other' },
  });
  const stderr = 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.\n';
  await lab.app.fault('inspect', { exitCode: 1, stderr, stdout: '[]\n' });
  await expect(lab.service.state({})).rejects.toMatchObject({
    code: 'SERVICE_NOT_ASKED',
    details: { reason: 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock' },
  });
  expect(() => openService({ docker: '--all' }, lab.host)).toThrowError(
    expect.objectContaining({ code: 'SERVICE_NAME_INVALID' }),
  );
});

async function policyOf(app: { docker(...argv: string[]): Promise<{ stdout?: string }> }) {
  const { stdout = '' } = await app.docker('inspect', 'wishlist');
  const [container] = JSON.parse(stdout) as {
    HostConfig: { RestartPolicy: { Name: string; MaximumRetryCount: number } };
  }[];
  const { Name = '', MaximumRetryCount = 0 } = container?.HostConfig.RestartPolicy ?? {};
  return MaximumRetryCount > 0 ? `${Name}:${MaximumRetryCount}` : Name;
}
