import { type Identity, identityUri } from './identity.ts';
import type { KeyAndRequest } from './x509/operations.ts';
import { x509 } from './x509/run.ts';

/** A new key for an end of the channel, and the request for its certificate; both PEM. The key never leaves the node. */
export async function createRequest(identity: Identity): Promise<KeyAndRequest> {
  return await x509('makeRequest', { uri: identityUri(identity) });
}
