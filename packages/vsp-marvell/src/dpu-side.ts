/** The card's side: its switch, and devices for network functions. */
import { DpuError, type Plugin, type PluginContext } from '@dpu-operator/sdk';
import { CardSwitch, keepLinkLocalChannel, reportFirmware } from '@dpu-operator/sdk/linux';
import { cardFunctions, vfRoom } from './card.ts';
import { CardPorts } from './card-ports.ts';
import { BRIDGE, GIVEN, KEPT } from './names.ts';
import type { Settings } from './settings.ts';

const MAX_FUNCTION_PORTS = 256;
/** Bytes, where the uplink's is not known. */
const ETHERNET_MTU = 1500;

export async function createDpuSide(context: PluginContext<Settings>): Promise<Plugin> {
  const { platform, logger, settings, signal } = context;
  const functions = cardFunctions((await platform.sysfs.snapshot()).pci);
  const [channelFunction] = functions.interfaces;
  if (channelFunction === undefined) {
    throw new DpuError('FAILED_PRECONDITION', 'the card shows no interface to its host (177d:a0f7)');
  }
  const channel = { side: 'dpu', pciAddress: channelFunction, port: settings.daemonPort } as const;
  const { address } = await keepLinkLocalChannel({ platform, logger, signal }, channel);
  const ports = new CardPorts(context, functions);
  const uplink = await ports.uplink();
  if (uplink && uplink.dpdkDevargs === undefined) await reportFirmware(context, uplink.name);
  const mtu = (uplink && (await platform.links.find(uplink.name))?.mtu) ?? ETHERNET_MTU;
  const card = new CardSwitch({
    context,
    bridge: BRIDGE,
    directory: 'mrvl',
    ports,
    pairs: { given: GIVEN, kept: KEPT, mtu },
    noUplink: 'no port of the card (177d:a063) has a network device',
    beforeLook: () => ports.forget(),
  });
  await card.start();
  return {
    address,
    limits: {
      maxVfs: MAX_FUNCTION_PORTS,
      maxBridgePorts: vfRoom(settings.physicalFunctions, functions.interfaces.length) * settings.physicalFunctions,
      vxlan: false,
      perBridge: true,
    },
    dataPath: card.dataPath,
    getDevices: async () => card.pool.devices(),
    setNumVfs: (count) => card.serial.run(() => card.resize(count)),
    watchDevices: (onChange) => card.pool.watch(onChange),
    healthy: async () => card.dataPath.healthy,
    close: () => card.close(),
  };
}
