/** A network between client and server that can lose all connections without a word, as a cut cable does. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export class CutCable implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param target `127.0.0.1:9559` */
  static async to(target: string): Promise<CutCable> {
    const [host = '', port] = target.split(':');
    const server = createServer((near) => {
      const far = connect(Number(port), host);
      for (const socket of [near, far]) {
        cable.#sockets.push(socket);
        socket.on('error', () => {});
        socket.on('close', () => [near, far].map((each) => each.destroy()));
      }
      near.pipe(far).pipe(near);
    });
    const cable = new CutCable(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return cable;
  }

  get address(): string {
    const address = this.#server.address();
    return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  /** Nothing passes on the connections that there are, and nobody is told. New ones work. */
  cut(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
