/** The Secret with the authority that signs: read by its name each time, never listed or watched. */
import { trustNames } from '../../api/names/names.ts';
import { isConflict, type KubeStore, secret as secretType } from '../../kube/index.ts';
import type { KeyAndCertificate } from '../../trust/x509/operations.ts';
import { type Authority, makeOwnAuthority, readAuthority } from './authority.ts';
import type { SecretState, SecretWrite } from './plan.ts';

const tls = { certificate: 'tls.crt', key: 'tls.key' } as const;
/** In the operator's own Secret: the authority that will sign. */
const following = { certificate: 'next.crt', key: 'next.key' } as const;

type Fields = typeof tls | typeof following;

export class AuthoritySecrets {
  readonly #store: KubeStore;
  readonly #namespace: string;
  /** By certificate and key: those that have signed on trial. */
  readonly #tried = new Map<string, Authority>();

  constructor(store: KubeStore, namespace: string) {
    this.#store = store;
    this.#namespace = namespace;
  }

  /** @throws ApiError when the API server does not say whether there is one. */
  async read(name: string, now: number): Promise<SecretState> {
    const found = await this.#store.get(secretType, name, this.#namespace);
    if (!found) {
      if (await this.#store.isAbsent(secretType, name, this.#namespace)) return { state: 'absent' };
      return await this.read(name, now);
    }
    const data = found.data ?? {};
    const authority = await this.#authority(data, tls, now);
    if (authority instanceof Error) return { state: 'broken', message: authority.message };
    if (name !== trustNames.authority || data[following.certificate] === undefined)
      return { state: 'usable', authority };
    const next = await this.#authority(data, following, now);
    if (next instanceof Error) return { state: 'usable', authority, fault: next.message };
    return { state: 'usable', authority, next };
  }

  /** Changes the operator's own Secret. Another's write since it was read fails with a conflict, and changes nothing. */
  async write(write: SecretWrite, installation: string, now: number): Promise<void> {
    if (write === 'makeAuthority') return await this.#make(await makeOwnAuthority(installation, now));
    const found = await this.#store.get(secretType, trustNames.authority, this.#namespace);
    if (!found) throw new Error(`Secret ${trustNames.authority} has gone`);
    const { resourceVersion } = found.metadata;
    const data =
      write === 'makeNext'
        ? encode(await makeOwnAuthority(installation, now), following)
        : {
            [tls.certificate]: found.data?.[following.certificate],
            [tls.key]: found.data?.[following.key],
            [following.certificate]: null,
            [following.key]: null,
          };
    await this.#store.patch(secretType, trustNames.authority, this.#namespace, { metadata: { resourceVersion }, data });
  }

  async #make(made: KeyAndCertificate): Promise<void> {
    try {
      await this.#store.create(secretType, {
        apiVersion: secretType.apiVersion,
        kind: secretType.kind,
        metadata: { name: trustNames.authority, namespace: this.#namespace },
        type: 'kubernetes.io/tls',
        data: encode(made, tls),
      });
    } catch (error) {
      // Somebody put one there meanwhile: it is read next.
      if (!isConflict(error)) throw error;
    }
  }

  /** @returns an Error that names the field when it cannot sign. */
  async #authority(data: Readonly<Record<string, string>>, fields: Fields, now: number): Promise<Authority | Error> {
    const key = `${data[fields.certificate]} ${data[fields.key]}`;
    const known = this.#tried.get(key);
    if (known && now <= known.notAfter) return known;
    const authority = await readAuthority(data, fields, now);
    if (authority instanceof Error) return authority;
    // Of the last two: the one that signs, and the one that follows.
    for (const old of [...this.#tried.keys()].slice(0, -1)) this.#tried.delete(old);
    this.#tried.set(key, authority);
    return authority;
  }
}

function encode({ certificate, key }: KeyAndCertificate, fields: Fields): Record<string, string> {
  return {
    [fields.certificate]: Buffer.from(certificate).toString('base64'),
    [fields.key]: Buffer.from(key).toString('base64'),
  };
}
