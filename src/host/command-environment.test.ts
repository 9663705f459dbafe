import { expect, test } from 'vitest';
import { appEnvironment, withoutSecrets } from './command-environment.ts';

const ambient = {
  PATH: '/bin',
  LC_TIME: 'de_DE.UTF-8',
  https_proxy: 'http://proxy:8080',
  HOME: '/root',
  EDITOR: 'vi',
  DOCKER_HOST: 'unix:///run/podman.sock',
  AUTH_TOKEN: "the app's",
  KEEPSAKE_PASSWORD: 'hidden',
  RESTIC_PASSWORD_COMMAND: 'hidden',
  AWS_ACCESS_KEY_ID: 'storage',
};
const account = { name: 'wishlist', uid: 998, gid: 998, home: '/opt/wishlist' };

test('a program of the machine gets no secret, and all that says how to reach its manager', () => {
  const { PATH, LC_TIME, https_proxy, HOME, EDITOR, DOCKER_HOST } = ambient;
  const rest = { PATH, LC_TIME, https_proxy, HOME, EDITOR, DOCKER_HOST };
  expect(withoutSecrets(ambient)).toEqual(rest);
});

test("a command of the same user keeps its shell's environment, but for what opens a repository", () => {
  const environment = appEnvironment(ambient, undefined, { EDITOR: 'nano' });
  const { PATH, LC_TIME, https_proxy, HOME, DOCKER_HOST, AUTH_TOKEN } = ambient;
  const rest = { PATH, LC_TIME, https_proxy, HOME, DOCKER_HOST, AUTH_TOKEN };
  expect(environment).toEqual({ ...rest, EDITOR: 'nano', AWS_ACCESS_KEY_ID: 'storage' });
});

test("a command of another user gets that user's home and what the config says, and little else", () => {
  expect(appEnvironment(ambient, account, { DATABASE_URL: 'file:x', HOME: '/srv' })).toEqual({
    PATH: '/bin',
    LC_TIME: 'de_DE.UTF-8',
    https_proxy: 'http://proxy:8080',
    HOME: '/srv',
    USER: 'wishlist',
    LOGNAME: 'wishlist',
    DATABASE_URL: 'file:x',
  });
});
