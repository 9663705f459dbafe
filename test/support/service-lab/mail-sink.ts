/** Takes whatever is sent to its port and keeps it. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface MailSink extends AsyncDisposable {
  readonly port: number;
  readonly received: readonly string[];
}

export async function startMailSink(): Promise<MailSink> {
  const received: string[] = [];
  const server = createServer((socket) => {
    void text(socket).then(
      (mail) => received.push(mail.trim()),
      () => {}, // cut off
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    received,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}
