/** The card's side: its switch, and devices for network functions. */
import { createHash } from 'node:crypto';
import { DpuError, type Plugin, type PluginContext, Serial } from '@dpu-operator/sdk';
import {
  ClosedMarker,
  DevicePool,
  Keeper,
  keepLinkLocalChannel,
  type LinkChange,
  SwitchDataPath,
  tellFirmware,
  vethKind,
} from '@dpu-operator/sdk/linux';
import { cardFunctions, vfRoom } from './card.ts';
import { CardPorts } from './card-ports.ts';
import { CardStatus } from './card-status.ts';
import { BRIDGE, GIVEN, KEPT } from './names.ts';
import type { Settings } from './settings.ts';

const MAX_FUNCTION_PORTS = 256;
/** Bytes, where the uplink's is not known. */
const ETHERNET_MTU = 1500;

export async function createDpuSide(context: PluginContext<Settings>): Promise<Plugin> {
  const { dpu, platform, logger, settings, signal, node, stateDirectory } = context;
  const functions = cardFunctions((await platform.sysfs.snapshot()).pci);
  const [channelFunction] = functions.interfaces;
  if (channelFunction === undefined) {
    throw new DpuError('FAILED_PRECONDITION', 'the card shows no interface to its host (177d:a0f7)');
  }
  const channel = { side: 'dpu', pciAddress: channelFunction, port: settings.daemonPort } as const;
  const { address } = await keepLinkLocalChannel({ platform, logger, signal }, channel);
  const ports = new CardPorts(platform, node.name, settings, functions);
  const uplink = await ports.uplink();
  if (uplink && uplink.dpdkDevargs === undefined) await tellFirmware(context, uplink.name);
  const status = new CardStatus(context, ports);

  const owner = createHash('sha256').update(dpu.identifier).digest('hex').slice(0, 16);
  const ovs = platform.openVSwitch({
    ...switchPlace(settings, owner),
    onLine: (line) => logger.debug({ line }, 'open vswitch'),
    onExit: (reason) => {
      status.switchLost(reason);
      dataPath.forget();
      // One of our own starts again; the machine's says when it is back.
      if (settings.ovsDatabase === undefined) keeper.poke();
    },
    onReturn: () => keeper.poke(),
  });
  const serial = new Serial();
  const closed = new ClosedMarker(stateDirectory);
  const { hostToHost } = settings;
  const dataPath = new SwitchDataPath({
    platform,
    logger,
    ovs,
    bridge: BRIDGE,
    owner,
    ports,
    hostToHost,
    closed,
    serial,
  });
  const mtu = (uplink && (await platform.links.find(uplink.name))?.mtu) ?? ETHERNET_MTU;
  const pool = new DevicePool({ platform, logger }, vethKind({ nodeName: node.name, given: GIVEN, kept: KEPT, mtu }));
  const look = async () => {
    const state = await pool.ensure();
    ports.forget();
    if (ovs.running || settings.ovsDatabase === undefined) await dataPath.repair();
    await status.look(dataPath.healthy);
    return state;
  };
  const { netns } = platform.links;
  const keeper = new Keeper({ logger, netns, ignore: isOwnWork, look: () => serial.run(look) });
  try {
    const state = await pool.adopt(settings.networkFunctionPorts);
    await dataPath.start();
    await status.look(true);
    keeper.start();
    platform.sriov.watchNetdevs(() => keeper.poke(), signal);
    if (state.unsettled) keeper.poke();
  } catch (error) {
    await ovs.stop();
    throw error;
  }
  return {
    address,
    limits: {
      maxVfs: MAX_FUNCTION_PORTS,
      maxBridgePorts: vfRoom(settings.physicalFunctions, functions.interfaces.length) * settings.physicalFunctions,
      vxlan: false,
    },
    dataPath,
    getDevices: async () => pool.devices(),
    setNumVfs: (count) =>
      serial.run(async () => {
        const made = await pool.resize(count);
        if (count === 0) {
          await dataPath.remove();
          await ovs.stop();
        }
        return made;
      }),
    watchDevices: (onChange) => pool.watch(onChange),
    healthy: async () => dataPath.healthy,
    close: async () => {
      keeper.stop();
      await serial.run(() => ovs.stop());
    },
  };
}

function switchPlace({ ovsDatabase }: Settings, owner: string) {
  if (ovsDatabase !== undefined) return { database: ovsDatabase };
  return { directory: `/run/mrvl-${owner.slice(0, 8)}`, commandsLookIn: '/var/run/openvswitch' };
}

/** Whether only this side makes such links: news of them are of its own doing, unless they go. */
function isOwnWork({ name, deleted }: LinkChange): boolean {
  return !deleted && (name === BRIDGE || name.startsWith(KEPT) || name === 'ovs-netdev');
}
