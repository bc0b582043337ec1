/**
 * The data path of a DPU as a wanted state. The host of the SDK speaks the protocol: it checks requests, keeps what is
 * wanted, is idempotent, pages, masks, and gathers the requests that wait. A plugin makes the card match.
 */
import type { ErrorCode } from '../errors.ts';

/** Whether a port carries one logical bridge without a tag (`ACCESS`), or several with their VLANs (`TRUNK`). */
export type BridgePortType = 'ACCESS' | 'TRUNK';
/** Whether frames pass a resource (OPI). */
export type OperStatus = 'UP' | 'DOWN' | 'TO_BE_DELETED';

/** How far a part of a resource is (OPI Component). */
export interface Component {
  /** `programming` is how far the card is with the resource. */
  name: string;
  status: 'PENDING' | 'SUCCESS' | 'ERROR';
  /** JSON: `{ "message": … }`, and for ERROR the `code` of the error. */
  details?: string;
}

/** What a VSP's answers tell of a resource. The wanted state that a plugin is given has none of it. */
export interface ResourceStatus {
  operStatus?: OperStatus;
  components?: readonly Component[];
}

/** OPI BridgePort. The host side calls it `host<pf>-<vf>`. */
export interface BridgePort extends ResourceStatus {
  /** Resource name `bridgePorts/{id}`. */
  name: string;
  /** Lower-case, colon-separated: the MAC of the pod's interface. */
  macAddress: string;
  type: BridgePortType;
  /**
   * Names of logical bridges (`logicalBridges/{id}` or the bare id). A bare number that names none is the VLAN
   * placeholder that the Go operator's host side sends (VF index + 2): the port is on the default bridge.
   * {@link logicalBridgesOf} answers the bridges themselves.
   */
  logicalBridges: string[];
}

/** OPI LogicalBridge: a broadcast domain with a VLAN. */
export interface LogicalBridge extends ResourceStatus {
  /** Resource name `logicalBridges/{id}`. */
  name: string;
  /** 1 to 4094. No two bridges of a DPU have the same. */
  vlanId: number;
  vni?: number;
  /** Address of the tunnel end point with its length, e.g. `10.0.0.1/24`. */
  vtepIpPrefix?: string;
}

/** A network function, named by the MACs of the two interfaces that its pod was given. */
export interface NetworkFunction {
  /** Faces the hosts (net1). */
  input: string;
  /** Faces the outside (net2). */
  output: string;
  /**
   * It works for the frames of one bridge alone: the id of a logical bridge where the plugin has the limit `perBridge`, else
   * 8 hex digits that stand for a DpuNetwork. Without it: for all frames that no function of their own bridge works for.
   */
  bridgeId?: string;
}

/** An ordered chain of network functions. */
export interface ServiceChain {
  /** Resource name `serviceChains/{id}`. */
  name: string;
  /**
   * In the order in which frames from the hosts pass them: they enter the first one's input and leave for the outside
   * by the last one's output; answers go the other way. At least one, each in one chain only.
   */
  networkFunctions: NetworkFunction[];
}

/**
 * All that the data path shall have, by full name. It holds together: each bridge that a port names is here (or is a
 * placeholder), no interface is used twice, no limit of the plugin is passed. It is a snapshot, which never changes.
 */
export interface Wanted {
  /** By `logicalBridges/{id}`. */
  logicalBridges: ReadonlyMap<string, LogicalBridge>;
  /** By `bridgePorts/{id}`. */
  bridgePorts: ReadonlyMap<string, BridgePort>;
  /** Those that are in no chain, by {@link networkFunctionName}. */
  networkFunctions: ReadonlyMap<string, NetworkFunction>;
  /** By `serviceChains/{id}`. The functions of a chain are in the chain only. */
  serviceChains: ReadonlyMap<string, ServiceChain>;
}

interface ChangeOf<Kind extends string, Content> {
  kind: Kind;
  /** Key of the object in {@link Wanted}. No two objects of any kind have the same. */
  name: string;
  /**
   * What the card may have of it: undefined where it has nothing. After a failure that is what was tried, for a plugin
   * that left a part of it behind. Both are undefined for what is deleted by name before the replay is complete, and was
   * not asked for since the restart: the card may have it from before. A network function is told by its content then too.
   */
  before: Content | undefined;
  /** What is wanted; undefined where it shall go. The same as `before` where the card shall be made sure to have it. */
  after: Content | undefined;
}

/** What differs between the card and what is wanted of one object. */
export type Change =
  | ChangeOf<'logicalBridge', LogicalBridge>
  | ChangeOf<'bridgePort', BridgePort>
  | ChangeOf<'networkFunction', NetworkFunction>
  | ChangeOf<'serviceChain', ServiceChain>;

/**
 * How far the card is with an object.
 * - `up`: programmed; frames pass, or will once the device at its end is there (see {@link DataPath.down}).
 * - `pending`: the card goes on by itself. Whoever asked waits. The plugin {@link ApplyCall.report}s how it ended.
 * - `failed`: it cannot be. A create, update or delete that fails is undone by the host: the former content is wanted
 *   again, and is given to `apply` once more. Whoever asked gets the code and the message.
 */
export type Outcome =
  | { state: 'up' }
  | { state: 'pending'; reason: string }
  | { state: 'failed'; code: ErrorCode; message: string };

/** Outcomes by name of object. An object that is not named is up, or gone where it was to go. */
export type Outcomes = ReadonlyMap<string, Outcome>;

/** What a plugin's `apply` is told beside what is wanted. */
export interface ApplyCall {
  /**
   * What has changed since the last call, one change an object, in an order in which it can be done one by one: what goes
   * before what comes, bridges before the ports on them. A port is also here when a bridge that it is on changes, as is a
   * function or chain for that bridge. All of `wanted` is here when the daemon's replay is complete, and after
   * {@link PluginContext.reapply}.
   */
  changed: readonly Change[];
  /**
   * Whether all that is wanted is in `wanted`. What a card has and `wanted` does not is to be removed only where this is
   * true. After a restart it is false until the daemon has said that its replay is complete; under a daemon that cannot
   * say it, for ever. Until then only what `changed` names goes: pods have traffic that the host was not told of yet.
   */
  complete: boolean;
  /** Aborted on SIGTERM, and at the deadline. */
  signal: AbortSignal;
  /** Milliseconds since 1970 (`platform.clock`). A plugin that has not answered by then is started anew. */
  deadline: number;
  /**
   * Tells how an object went on after this call had answered: what was pending is up, or has failed. May be called at
   * any time; it counts for nothing when the object has changed since, or is gone.
   */
  report(name: string, outcome: Outcome): void;
}

/** What a data path can be asked for. */
export type DataPathKind = 'bridge' | 'networkFunctions' | 'chains';

/** What a plugin with a data path has: the DPU side of nearly every card. */
export interface DataPath {
  /** `bridge` is bridge ports and logical bridges. Without `chains` the daemon asks for the functions one by one. */
  serves: readonly DataPathKind[];
  /**
   * Makes the card match `wanted`, and answers how far it is with the objects: those of `changed`, and of `wanted` any
   * whose outcome has changed. Never called while an earlier call or `setNumVfs` runs: what comes meanwhile goes
   * together into the next one. An error that it throws is an outcome of nothing: the host has what was undone, then tries
   * the requests in halves until it is clear which one it was.
   *
   * {@link applyEach} is for a card that is told one thing at a time.
   *
   * @example
   * apply: async (wanted, { changed }) => {
   *   await card.program([...wanted.bridgePorts.values()].map(toRow));
   * }
   * @throws DpuError whose code and message reach whoever asked.
   */
  apply(wanted: Wanted, call: ApplyCall): Promise<Outcomes | undefined>;
  /**
   * Names of objects of `wanted` through which no frames pass right now though the card is programmed: the device at the
   * end is not there yet, or its link is down. Asked whenever a status is read. Without it: none.
   */
  down?(wanted: Wanted): Iterable<string> | Promise<Iterable<string>>;
}
