/**
 * Copies of what the API server has stored, put beside it into etcd. Ten requests a DPU are 100,000 for 10,000 DPUs, nearly all of
 * which is the API server's work of validation and managed fields. It tells its watches of what it did not write itself as of
 * all else.
 */
import { randomUUID } from 'node:crypto';

interface Stored {
  key: string;
  /** Byte for byte, as latin1: built-in kinds are protobuf, in which a text must keep its length. */
  value: string;
}

const uidPattern = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const encode = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
const decode = (text: string): string => Buffer.from(text, 'base64').toString('latin1');

/** Objects that name nobody but each other. */
export class Template {
  readonly #etcd: string;
  readonly #stored: readonly Stored[];
  readonly #uids: ReadonlySet<string>;

  private constructor(etcd: string, stored: readonly Stored[]) {
    this.#etcd = etcd;
    this.#stored = stored;
    this.#uids = new Set(stored.flatMap(({ value }) => value.match(uidPattern) ?? []));
  }

  /** @param etcd its address for clients */
  static async read(etcd: string, keys: readonly string[]): Promise<Template> {
    const read = async (key: string): Promise<Stored> => {
      const { kvs } = (await call(etcd, 'range', { key: encode(key) })) as { kvs?: { value: string }[] };
      const [found] = kvs ?? [];
      if (!found) throw new Error(`etcd has no ${key}`);
      return { key, value: decode(found.value) };
    };
    return new Template(etcd, await Promise.all(keys.map(read)));
  }

  /** Of all objects, with uids of their own. @param words what else is another one in the copy */
  copy(words: Readonly<Record<string, string>>): Copy {
    const uids = [...this.#uids].map((uid) => [uid, randomUUID()] as const);
    return new Copy(this.#etcd, this.#stored, new Map([...Object.entries(words), ...uids]));
  }
}

export class Copy {
  readonly #etcd: string;
  readonly #stored: readonly Stored[];
  readonly #words: Map<string, string>;

  constructor(etcd: string, stored: readonly Stored[], words: Map<string, string>) {
    this.#etcd = etcd;
    this.#stored = stored;
    this.#words = words;
  }

  replace(word: string, by: string): void {
    this.#words.set(word, by);
  }

  /** What the copy says where the template says that. */
  of<T>(said: T): T {
    return JSON.parse(this.#write(JSON.stringify(said)));
  }

  async put(): Promise<void> {
    const longer = [...this.#words].find(([word, by]) => word.length !== by.length);
    if (longer) throw new Error(`${longer.join(' and ')} differ in length`);
    // One by one: of what has one revision a watch that is opened again in between would miss the rest.
    for (const { key, value } of this.#stored) {
      await call(this.#etcd, 'put', { key: encode(this.#write(key)), value: encode(this.#write(value)) });
    }
  }

  #write(text: string): string {
    const pattern = new RegExp([...this.#words.keys()].join('|'), 'g');
    return text.replace(pattern, (word) => this.#words.get(word) ?? word);
  }
}

/** By etcd's gateway for JSON. */
async function call(etcd: string, what: 'range' | 'put', body: object): Promise<unknown> {
  const answer = await fetch(`${etcd}/v3/kv/${what}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`etcd: ${answer.status} ${await answer.text()}`);
  return await answer.json();
}
