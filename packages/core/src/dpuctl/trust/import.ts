import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { annotations } from '../../api/names/names.ts';
import { configMap } from '../../kube/index.ts';
import { bundleFrom, type Revocation, type TrustBundle } from '../../trust/bundle.ts';
import { type Context, UsageError } from '../context.ts';
import { importedConfigMap } from './export.ts';
import { importedName, ownInstallation } from './own-trust.ts';

const manifestSchema = z.object({
  kind: z.literal('ConfigMap'),
  metadata: z
    .object({
      annotations: z.object({ [annotations.trustExported]: z.iso.datetime({ offset: true }).optional() }).optional(),
    })
    .optional(),
  data: z.record(z.string(), z.string()),
});

interface Export {
  bundle: TrustBundle;
  /** When it was made, RFC 3339; undefined where it does not say. */
  exported: string | undefined;
}

/**
 * Trusts another installation from now on, or knows its later authorities.
 *
 * @param file Default: standard input.
 * @param force also where it is older than what is known, and has other authorities
 */
export async function importTrust(context: Context, file: string | undefined, force: boolean): Promise<void> {
  const where = file ?? 'standard input';
  const { bundle, exported } = readExport(await readInput(file), where);
  if (bundle.installation === (await ownInstallation(context))) {
    throw new UsageError(`${where} is the trust of this very cluster; import it in the other one`);
  }
  const { store, namespace, print } = context;
  const found = await store.get(configMap, importedName(bundle.installation), namespace);
  const known = knownBundle(found?.data);
  const knownExported = found?.metadata.annotations?.[annotations.trustExported];
  if (!force) refuseOlder({ bundle, exported }, known, knownExported, where);
  const revoked = mergeRevocations(bundle.revoked, known?.revoked ?? []);
  const wanted = importedConfigMap(
    { ...bundle, revoked },
    namespace,
    force ? exported : later(exported, knownExported),
  );
  const same = found && Object.entries(wanted.data).every(([key, value]) => found.data?.[key] === value);
  if (same) return print(`installation ${bundle.installation} is trusted already, and nothing of it has changed`);
  await store.apply(configMap, wanted, { fieldManager: 'dpuctl' });
  const authorities = `${bundle.authorities.length} ${bundle.authorities.length === 1 ? 'authority' : 'authorities'}`;
  print(`installation ${bundle.installation} is trusted: ${authorities}, ${revoked.length} revoked`);
}

async function readInput(file: string | undefined): Promise<string> {
  if (file === undefined) return await text(process.stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`--file: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** @throws UsageError that names the field that is wrong */
function readExport(content: string, where: string): Export {
  const documents = parseAllDocuments(content);
  const [document] = documents;
  if (!document || documents.length !== 1) {
    throw new UsageError(`${where} must be one ConfigMap, as dpuctl trust export prints it`);
  }
  const [syntax] = document.errors;
  if (syntax) throw new UsageError(`${where}: ${syntax.message}`);
  const manifest = manifestSchema.safeParse(document.toJS());
  if (!manifest.success) {
    const [issue] = manifest.error.issues;
    throw new UsageError(`${where}: ${issue?.path.join('.') || 'the document'}: ${issue?.message}`);
  }
  try {
    const bundle = bundleFrom(manifest.data.data);
    refuseExpired(bundle);
    return { bundle, exported: manifest.data.metadata?.annotations?.[annotations.trustExported] };
  } catch (cause) {
    throw new UsageError(`${where}: data.${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function refuseExpired({ authorities }: TrustBundle): void {
  const ends = authorities.map((pem) => new X509Certificate(pem).validToDate.getTime());
  const last = Math.max(...ends);
  if (last > Date.now()) return;
  throw new Error(`ca.crt: every authority has expired, the last at ${new Date(last).toISOString()}; export it anew`);
}

/** An older export has not the authorities that came since, and has those that went. */
function refuseOlder(
  { bundle, exported }: Export,
  known: TrustBundle | undefined,
  knownExported: string | undefined,
  where: string,
): void {
  if (!known || knownExported === undefined) return;
  if (exported !== undefined && Date.parse(exported) >= Date.parse(knownExported)) return;
  const [present, wanted] = [fingerprints(known), fingerprints(bundle)];
  const dropped = present.filter((one) => !wanted.includes(one));
  const coming = wanted.filter((one) => !present.includes(one));
  if (dropped.length === 0 && coming.length === 0) return;
  const age = exported === undefined ? 'does not say when it was exported' : `was exported at ${exported}`;
  const changes = [
    ...dropped.map((one) => `${one} would not be trusted any more`),
    ...coming.map((one) => `${one} would be trusted`),
  ];
  throw new UsageError(
    `${where} ${age}, what is trusted here at ${knownExported}: ${changes.join('; ')}. Export it anew; --force imports it all the same`,
  );
}

function later(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Date.parse(a) < Date.parse(b) ? b : a;
}

function fingerprints({ authorities }: TrustBundle): string[] {
  return authorities.map((pem) => new X509Certificate(pem).fingerprint256);
}

/** An older export must not give back what a later one took away. */
export function mergeRevocations(imported: readonly Revocation[], known: readonly Revocation[]): Revocation[] {
  const merged = new Map(known.map((revocation) => [revocation.subject, revocation]));
  for (const revocation of imported) {
    const other = merged.get(revocation.subject);
    if (!other || Date.parse(other.before) < Date.parse(revocation.before)) merged.set(revocation.subject, revocation);
  }
  const expired = Date.now() - revocationKeptMs;
  return [...merged.values()].filter(({ before }) => Date.parse(before) > expired);
}

/** A day of a certificate's life, and an hour for clocks. */
const revocationKeptMs = 25 * 3_600_000;

/** What is broken there is replaced. */
function knownBundle(data: Record<string, string> | undefined): TrustBundle | undefined {
  try {
    return data && bundleFrom(data);
  } catch {
    return undefined;
  }
}
