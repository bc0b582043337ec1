/** Keeps book of what the suite made, so that it can be removed whatever happens. */
import {
  bridgePortService,
  logicalBridgeService,
  networkFunctionService,
  serviceChainService,
} from '../../wire/grpc/definitions.ts';

/** In the order in which they can be removed. */
const kinds = ['chain', 'function', 'port', 'bridge'] as const;
export type Kind = (typeof kinds)[number];

export interface Entry {
  kind: Kind;
  /** As it was sent: older images take every text for another name. Input and output MAC of a function. */
  name: string;
  /** The VSP said that it made it; else it may be there or not. */
  isMade: boolean;
}

/** The fields of all requests that make or remove something. */
interface Request {
  name?: string;
  input?: string;
  output?: string;
  bridgePortId?: string;
  bridgePort?: { name?: string } | null;
  logicalBridgeId?: string;
  logicalBridge?: { name?: string } | null;
  serviceChainId?: string;
  serviceChain?: { name?: string } | null;
}

const functionName = ({ input, output }: Request) => `${input} ${output}`.toLowerCase();
const portName = ({ bridgePortId, bridgePort }: Request) => bridgePort?.name || bridgePortId || '';
const bridgeName = ({ logicalBridgeId, logicalBridge }: Request) => logicalBridge?.name || logicalBridgeId || '';
const chainName = ({ serviceChainId, serviceChain }: Request) => serviceChain?.name || serviceChainId || '';
const nameOf = ({ name = '' }: Request) => name;
const keyOf = (kind: Kind, name: string) => `${kind} ${name.split('/').at(-1)}`;

const makes = new Map<string, [Kind, (request: Request) => string]>([
  [bridgePortService.CreateBridgePort.path, ['port', portName]],
  [bridgePortService.UpdateBridgePort.path, ['port', portName]],
  [logicalBridgeService.CreateLogicalBridge.path, ['bridge', bridgeName]],
  [logicalBridgeService.UpdateLogicalBridge.path, ['bridge', bridgeName]],
  [serviceChainService.CreateServiceChain.path, ['chain', chainName]],
  [serviceChainService.UpdateServiceChain.path, ['chain', chainName]],
  [networkFunctionService.CreateNetworkFunction.path, ['function', functionName]],
]);

const removes = new Map<string, [Kind, (request: Request) => string]>([
  [bridgePortService.DeleteBridgePort.path, ['port', nameOf]],
  [logicalBridgeService.DeleteLogicalBridge.path, ['bridge', nameOf]],
  [serviceChainService.DeleteServiceChain.path, ['chain', nameOf]],
  [networkFunctionService.DeleteNetworkFunction.path, ['function', functionName]],
]);

export class Ledger {
  readonly #entries = new Map<string, Entry>();
  /** Whether the number of virtual functions may be another than at the start. */
  vfsChanged = false;

  /** Before the call: what was asked for may be there, whatever the answer. */
  asked(path: string, request: Request): void {
    if (path.endsWith('/SetNumVfs')) this.vfsChanged = true;
    const [kind, named] = makes.get(path) ?? [];
    const name = named?.(request);
    if (!kind || !name) return;
    const key = keyOf(kind, name);
    if (!this.#entries.get(key)?.isMade) this.#entries.set(key, { kind, name, isMade: false });
  }

  /** After a call that succeeded. */
  answered(path: string, request: Request): void {
    const [kind, named] = removes.get(path) ?? [];
    if (kind && named) this.#entries.delete(keyOf(kind, named(request)));
    const [madeKind, madeName] = makes.get(path) ?? [];
    const made = madeKind && madeName && this.#entries.get(keyOf(madeKind, madeName(request)));
    if (made) made.isMade = true;
  }

  /** Takes all that is on the book off it, in an order in which it can be removed. */
  take(): Entry[] {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    return entries.sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
  }
}
