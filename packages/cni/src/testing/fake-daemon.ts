/** Stands in for the DPU daemon: answers every request with what the test says, and shows what it was asked last. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: string | Buffer;
}

export class FakeDaemon {
  readonly directory = mkdtempSync(join(tmpdir(), 'dpu-cni-'));
  readonly socket = join(this.directory, 'server.sock');
  answer: Answer = { status: 200, body: '{"Result":null}' };
  received: { env: Record<string, string>; config: string } | undefined;
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      this.received = JSON.parse(`${Buffer.concat(chunks)}`);
      response.writeHead(this.answer.status, this.answer.headers);
      response.end(this.answer.body);
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.socket, resolve));
  }

  close(): void {
    this.#server.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
