/** News of what is deleted from the database of Open vSwitch, by whomever (RFC 7047, sections 4.1.5 and 4.1.6). */
import { connect, type Socket } from 'node:net';
import { DpuError } from '../../errors.ts';
import { JsonStream } from './json-stream.ts';

/** A table of the switch's database whose deletions are told. */
export type MonitoredTable = 'Bridge' | 'Port';

interface Message {
  id?: unknown;
  method?: string;
  params?: unknown[];
}

/** Milliseconds for the first answer; one that stands still is found out as by the commands of Open vSwitch. */
const answerMs = 10_000;
const name = 'deletions';
const deletions = { columns: ['name'], select: { initial: false, insert: false, delete: true, modify: false } };
const request = { method: 'monitor', params: ['Open_vSwitch', name, { Bridge: deletions, Port: deletions }], id: name };

export interface OvsMonitorEvents {
  /** A row was deleted. */
  onDeleted: (table: MonitoredTable, row: string) => void;
  /** The connection ended, other than by {@link OvsMonitor.close}: there is no more news. */
  onCutOff: () => void;
}

export class OvsMonitor {
  readonly #socket: Socket;
  #closed = false;

  private constructor(socket: Socket, onCutOff: () => void) {
    this.#socket = socket;
    socket.once('close', () => {
      if (!this.#closed) onCutOff();
    });
  }

  /**
   * Tells of each row that is deleted after this returns, until the connection ends.
   *
   * @param database path of its socket
   * @throws DpuError UNAVAILABLE where it does not answer
   */
  static async open(database: string, { onDeleted, onCutOff }: OvsMonitorEvents): Promise<OvsMonitor> {
    const socket = connect(database);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const messages = new JsonStream();
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      for (const message of messages.read(text) as Message[]) {
        if (message.id === name) resolve();
        if (message.method === 'echo')
          socket.write(JSON.stringify({ id: message.id, result: message.params, error: null }));
        if (message.method === 'update') for (const row of deletedRows(message)) onDeleted(...row);
      }
    });
    socket.on('error', (error) =>
      reject(new DpuError('UNAVAILABLE', `${database}: ${error.message}`, { cause: error })),
    );
    socket.on('close', () =>
      reject(new DpuError('UNAVAILABLE', `${database}: the database closed the connection, or does not answer`)),
    );
    socket.write(JSON.stringify(request));
    const timer = setTimeout(() => socket.destroy(), answerMs);
    await promise.finally(() => clearTimeout(timer));
    return new OvsMonitor(socket, onCutOff);
  }

  /** Whether there is news yet. */
  get open(): boolean {
    return !this.#socket.destroyed;
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }
}

function deletedRows({ params = [] }: Message): [MonitoredTable, string][] {
  const tables = (params[1] ?? {}) as Record<MonitoredTable, Record<string, { old?: { name?: string } }>>;
  return Object.entries(tables).flatMap(([table, rows]) =>
    Object.values(rows).flatMap(({ old }): [MonitoredTable, string][] =>
      old?.name === undefined ? [] : [[table as MonitoredTable, old.name]],
    ),
  );
}
