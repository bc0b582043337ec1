/**
 * Everything that the plugin asks of the hardware: the one place to put calls of your card's SDK or firmware. The rules
 * of the contract (repeats, conflicts, order) are kept by the other files, which call one method at a time.
 *
 * A method that fails throws a DpuError with the code that the caller shall see, and leaves the card as it was.
 */
import type {
  // #region contract:bridge
  BridgePort,
  // #endregion
  Device,
  // #region contract:bridge
  LogicalBridge,
  // #endregion
  // #region contract:networkFunctions
  NetworkFunction,
  // #endregion
  // #region contract:chains
  ServiceChain,
  // #endregion
} from '@dpu-operator/sdk';

export interface Card {
  /** How many virtual functions it can have. */
  readonly maximumVirtualFunctions: number;
  /** @param onChange called whenever {@link Card.virtualFunctions} would answer differently */
  start(side: 'host' | 'dpu', onChange: () => void): Promise<void>;
  /** Ends what start began. Virtual functions stay: pods use them. */
  stop(): Promise<void>;
  virtualFunctions(): Promise<Device[]>;
  setVirtualFunctions(count: number): Promise<void>;
  /** Whether packets pass. */
  healthy(): Promise<boolean>;
  // #region contract:bridge

  /** Makes a bridge, or gives one that is there another VLAN or tunnel. */
  setBridge(bridge: LogicalBridge): Promise<void>;
  removeBridge(name: string): Promise<void>;
  /** Connects a virtual function to its bridges, or changes how it is connected. */
  setPort(port: BridgePort): Promise<void>;
  removePort(name: string): Promise<void>;
  // #endregion
  // #region contract:networkFunctions,chains

  /** Whether there is an interface with this MAC address, which network functions are named by. */
  hasInterface(mac: string): Promise<boolean>;
  // #endregion
  // #region contract:networkFunctions

  /** Puts a network function between the hosts and the outside. */
  insertFunction(nf: NetworkFunction): Promise<void>;
  removeFunction(nf: NetworkFunction): Promise<void>;
  // #endregion
  // #region contract:chains

  /** Puts a chain between the hosts and the outside, or changes one; all of it or nothing. */
  setChain(chain: ServiceChain): Promise<void>;
  removeChain(name: string): Promise<void>;
  // #endregion
  // #region contract:networkConfig

  setAccelerated(isAccelerated: boolean): Promise<void>;
  // #endregion
}
