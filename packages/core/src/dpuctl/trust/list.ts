import { X509Certificate } from 'node:crypto';
import { findCondition } from '../../api/fields/conditions.ts';
import { type DataProcessingUnit, dataProcessingUnit, dpuConditions } from '../../api/kinds/data-processing-unit.ts';
import { labels } from '../../api/names/names.ts';
import { configMap } from '../../kube/index.ts';
import { bundleFrom, type Revocation } from '../../trust/bundle.ts';
import type { Context } from '../context.ts';
import { ownTrust } from './own-trust.ts';

/** Prints who is trusted, what is revoked and who the daemons are. */
export async function listTrust(context: Context): Promise<void> {
  const { store, namespace, print } = context;
  const own = await ownTrust(context);
  print(`installation ${own.installation} (this cluster)`);
  for (const { certificate, state, secret, until } of own.authorities) {
    const end = until === undefined ? '' : `, counts until ${until}`;
    print(`  authority ${describe(certificate)}: ${state}, Secret ${secret || 'unknown'}${end}`);
  }
  printRevoked(own.revoked, print);
  const imported = await store.list(configMap, { namespace, labelSelector: labels.trustedInstallation });
  for (const { metadata, data } of imported.items) printImported(metadata.name, data, print);
  const dpus = await store.list(dataProcessingUnit);
  for (const dpu of dpus.items) printDpu(dpu, print);
}

function printImported(name: string, data: Record<string, string> | undefined, print: Context['print']): void {
  try {
    const bundle = bundleFrom(data);
    print(`installation ${bundle.installation} (trusted)`);
    for (const certificate of bundle.authorities) print(`  authority ${describe(certificate)}`);
    printRevoked(bundle.revoked, print);
  } catch (error) {
    print(`ConfigMap ${name} is broken: ${error instanceof Error ? error.message : error}`);
  }
}

function printRevoked(revoked: readonly Revocation[], print: Context['print']): void {
  for (const { subject, before, barred } of revoked) {
    print(`  revoked ${subject}: certificates from before ${before}${barred ? '; barred, it gets no other' : ''}`);
  }
}

function printDpu({ metadata, status }: DataProcessingUnit, print: Context['print']): void {
  const { identity = 'no certificate yet', notAfter, peers = [] } = status?.channel ?? {};
  const channel = findCondition(status?.conditions, dpuConditions.channel);
  print(`DataProcessingUnit ${metadata.name}: ${channel?.reason ?? 'says nothing of its channel'}`);
  print(`  identity ${identity}${notAfter === undefined ? '' : `, until ${notAfter}`}`);
  for (const peer of peers) print(`  peer ${peer}`);
}

function describe(pem: string): string {
  const { fingerprint256, validToDate } = new X509Certificate(pem);
  return `${fingerprint256.slice(0, 23)} until ${validToDate.toISOString().slice(0, 10)}`;
}
