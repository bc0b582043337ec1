/** Whether a daemon gets the certificate that it asks for. Pure. */
import type { DataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import { workloads } from '../../api/names/names.ts';
import type { CertificateSigningRequest } from '../../kube/index.ts';
import { type Identity, identityUri, nodeUri, parseIdentity, type Side } from '../../trust/identity.ts';
import type { RequestContent } from '../../trust/x509/operations.ts';
import { isOf } from './issued.ts';

export interface RequestContext {
  installation: string;
  /** The node that the requester's token vouches for. */
  node: string;
  /** The DataProcessingUnit that the identity names; undefined when it is absent for certain. */
  dpu: DataProcessingUnit | undefined;
  /** How many other identities of the node may have a valid certificate. */
  others: number;
  /** Identities, and sides of nodes, that an administrator has barred. */
  barred: readonly string[];
}

/** So that one node's daemon cannot fill the list of whom the operator gave a certificate, which is for all. */
const mostOfNode = 32;

export interface Denial {
  /** One CamelCase word. */
  reason: string;
  message: string;
}

const usageOf: Readonly<Record<Side, string>> = { host: 'client auth', dpu: 'server auth' };

/** @returns the identity that a request names as its only name; undefined when it names none. */
export function requestedIdentity({ names }: RequestContent): Identity | undefined {
  const [name, ...others] = names;
  if (!name?.startsWith('url:') || others.length > 0) return undefined;
  return parseIdentity(name.slice('url:'.length));
}

/**
 * What is known before the request is read, which takes a process.
 *
 * @param node that the requester's token vouches for; undefined when it does for none
 * @returns why it is denied; undefined when it is not.
 */
export function requesterDenial(
  { spec }: CertificateSigningRequest,
  namespace: string,
  node: string | undefined,
): Denial | undefined {
  const requester = daemonAccount(namespace);
  if (spec.username !== requester) {
    return deny('NotADaemon', `asked for by ${spec.username}; only ${requester} gets such certificates`);
  }
  if (node !== undefined) return undefined;
  return deny('NodeNotProven', "the requester's token names neither a node nor a pod that is on one");
}

/** @param request of a daemon. @returns why it is denied; undefined when it is not. */
export function denialOf(
  { spec }: CertificateSigningRequest,
  content: RequestContent,
  context: RequestContext,
): Denial | undefined {
  const fault = faultOf(content);
  if (fault) return deny('RequestMalformed', fault);
  const identity = requestedIdentity(content);
  if (!identity) return deny('NoIdentity', 'its only alternative name must be spiffe://installation/side/node/dpu');
  if (identity.installation !== context.installation) {
    return deny(
      'OtherInstallation',
      `names installation ${identity.installation}; this one is ${context.installation}`,
    );
  }
  const usages = ['digital signature', usageOf[identity.side]];
  if (spec.usages.length !== usages.length || !usages.every((usage) => spec.usages.includes(usage))) {
    return deny('WrongUsages', `usages of a ${identity.side} side must be ${usages.join(' and ')}`);
  }
  return ownershipDenial(identity, context);
}

function ownershipDenial(identity: Identity, { node, dpu, others, barred }: RequestContext): Denial | undefined {
  if (node !== identity.node) {
    return deny('OtherNode', `names node ${identity.node}, but the requester runs on ${node}`);
  }
  if (!dpu || !isOf(identity, dpu)) {
    const message = `there is no DataProcessingUnit ${identity.dpu} that is the ${identity.side} side on node ${node}`;
    return deny('NoDataProcessingUnit', message);
  }
  const bar = [identityUri(identity), nodeUri(identity)].find((subject) => barred.includes(subject));
  if (bar !== undefined) return deny('Barred', `${bar} is barred; dpuctl trust allow lets it in again`);
  if (others >= mostOfNode) {
    const message = `node ${node} has certificates of ${others} other DataProcessingUnits; there is room again when some have expired`;
    return deny('TooManyIdentities', message);
  }
  return undefined;
}

function faultOf({ signed, subject, key }: RequestContent): string | undefined {
  if (!signed) return 'it is not signed by the key that it names';
  if (subject !== '') return `its subject must be empty, not ${subject}`;
  if (key !== 'ECDSA P-256') return `its key must be ECDSA P-256, not ${key}`;
  return undefined;
}

export function daemonAccount(namespace: string): string {
  return `system:serviceaccount:${namespace}:${workloads.daemon}`;
}

function deny(reason: string, message: string): Denial {
  return { reason, message };
}
