/** What the operator publishes of the channel's trust: ConfigMap `dpu-channel-trust`. */
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { bundleData, bundleFrom, bundleKeys, type Revocation } from '../../trust/bundle.ts';

/** The operator's own notes on the authorities in `ca.crt`; daemons do not read them. */
const authoritiesKey = 'authorities.json';

const noteSchema = z.object({
  fingerprint: z.string(),
  secret: z.string(),
  /** `active` signs; `next` will; `retired` does not any more. */
  state: z.enum(['active', 'next', 'retired']),
  /** Of a retired one: when no certificate of it is valid any more. */
  until: z.iso.datetime().optional(),
});

export type AuthorityState = z.infer<typeof noteSchema>['state'];

export interface PublishedAuthority extends z.infer<typeof noteSchema> {
  certificate: string;
}

export interface PublishedTrust {
  installation: string;
  authorities: PublishedAuthority[];
  revoked: Revocation[];
}

/** @throws Error that names the key that cannot be read. */
export function readPublished(data: Readonly<Record<string, string>> | undefined): PublishedTrust {
  const bundle = bundleFrom(data);
  const notes = readNotes(data?.[authoritiesKey]);
  const authorities = bundle.authorities.map((certificate) => {
    const fingerprint = new X509Certificate(certificate).fingerprint256;
    const note = notes.find((candidate) => candidate.fingerprint === fingerprint);
    // One that the operator did not put there goes as a retired one does.
    return note ? { ...note, certificate } : { fingerprint, secret: '', state: 'retired' as const, certificate };
  });
  return { ...bundle, authorities };
}

export function publishedData({ installation, authorities, revoked }: PublishedTrust): Record<string, string> {
  const certificates = authorities.map(({ certificate }) => certificate);
  const notes = authorities.map(({ certificate: _, ...note }) => note);
  return {
    ...bundleData({ installation, authorities: certificates, revoked }),
    [authoritiesKey]: `${JSON.stringify(notes)}\n`,
  };
}

function readNotes(text: string | undefined) {
  if (!text) throw new Error(`${authoritiesKey}: is missing`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${authoritiesKey}: is no JSON`, { cause });
  }
  const result = z.array(noteSchema).safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`${authoritiesKey}: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Whether two states of the ConfigMap say the same. */
export function samePublished(a: PublishedTrust, b: PublishedTrust): boolean {
  const [left, right] = [publishedData(a), publishedData(b)];
  return [...Object.values(bundleKeys), authoritiesKey].every((key) => left[key] === right[key]);
}
