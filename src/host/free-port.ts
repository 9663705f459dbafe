import { createServer } from 'node:http';

/** A port of the loopback that nobody listens on now, and none of `except`. */
export async function freeLoopbackPort(except: readonly number[]): Promise<number> {
  for (;;) {
    const port = await anyPort();
    if (!except.includes(port)) return port;
  }
}

async function anyPort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.on('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
  });
  return promise;
}
