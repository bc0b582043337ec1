/** What a DPU's VSP answered to Init, and when: enough for a daemon that follows to work with the same VSP. */
import type { IpPort } from '@dpu-operator/sdk';
import { z } from 'zod';
import { Records, type RecordsOptions } from '../../state/records.ts';
import type { UnreadableRecord } from '../../state/set-aside.ts';
import type { VspSocket } from './vsp-socket.ts';

const schema = z.object({
  ip: z.string(),
  port: z.number(),
  /** Missing in records of earlier versions. */
  socket: z.string().exactOptional(),
  initialisedAt: z.string().exactOptional(),
});
type InitRecord = z.infer<typeof schema>;

const key = 'address';

export class InitAnswer {
  readonly #records: Records<InitRecord>;

  constructor({
    directory,
    logger,
    onUnreadable,
  }: Pick<RecordsOptions<InitRecord>, 'directory' | 'logger' | 'onUnreadable'>) {
    this.#records = new Records({ directory, schema, what: 'Init', logger, onUnreadable });
  }

  /** Where the VSP that answered Init last listens for hosts, or said that hosts are; undefined where none has. */
  get address(): IpPort | undefined {
    const record = this.#records.get(key);
    return record && { ip: record.ip, port: record.port };
  }

  /**
   * On disk as soon as that takes it: only a daemon that follows needs it.
   *
   * @returns when this VSP was initialised (RFC 3339): the same time for every daemon that meets it on the same socket
   */
  async remember({ ip, port }: IpPort, socket: Pick<VspSocket, 'id'>): Promise<string> {
    let initialisedAt = new Date().toISOString();
    await this.#records.updateEventually(key, (before) => {
      if (before?.socket === socket.id && before.initialisedAt) initialisedAt = before.initialisedAt;
      return { ip, port, socket: socket.id, initialisedAt };
    });
    return initialisedAt;
  }

  unreadable(): readonly UnreadableRecord[] {
    return this.#records.unreadable();
  }

  close(): void {
    this.#records.close();
  }
}
