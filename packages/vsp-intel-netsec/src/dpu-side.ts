/** The DPU's side: a bridge between the host's virtual functions, network functions and an SFP port. */
import type { Plugin, PluginContext } from '@dpu-operator/sdk';
import {
  CardSwitch,
  type KeptChannel,
  keepLinkLocalChannel,
  reportFirmware,
  setVfsOfSettings,
  VfDevices,
  vfsOfSettings,
} from '@dpu-operator/sdk/linux';
import { cardPortsOf } from './card.ts';
import { CardSwitchPorts, given, kept } from './ports.ts';
import type { Settings } from './settings.ts';
import { reportVfs } from './status.ts';
import { setUpVfs } from './vf-setup.ts';

/** As the Go operator's plugin calls it. */
const bridge = 'br-secondary';
/** Of the number of virtual functions. */
const condition = 'BackplaneFunctions';
const maxFunctionPorts = 256;
/** Bytes, where the channel's is not known. */
const ethernetMtu = 1500;

export async function createDpuSide(context: PluginContext<Settings>, open?: KeptChannel['open']): Promise<Plugin> {
  const { dpu, platform, logger, node, settings, signal, status } = context;
  const ofCard = cardPortsOf(dpu, (await platform.sysfs.snapshot()).pci);
  const backplane = ofCard.backplane[0] ?? '';
  const sfp = ofCard.sfp[settings.sfpPort];
  const channel = { side: 'dpu', pciAddress: backplane, port: settings.daemonPort } as const;
  const { address, device } = await keepLinkLocalChannel({ platform, logger, signal, open }, channel);
  await reportFirmware(context, device);

  const vfs = new VfDevices({
    platform,
    logger,
    signal,
    pfs: [backplane],
    configure: (pf, count) => setUpVfs(platform, pf, count),
    netdevTimeoutMs: settings.netdevTimeoutSeconds * 1000,
  });
  const ports = new CardSwitchPorts({ platform, nodeName: node.name, backplane, sfp });
  const missing = sfp === undefined ? 'the card has no such SFP port' : `${sfp} has no network device`;
  const card = new CardSwitch({
    context,
    bridge,
    directory: 'netsec',
    ports,
    pairs: { given, kept, mtu: (await platform.links.find(device))?.mtu ?? ethernetMtu },
    noUplink: `${missing}; see sfpPort in the settings`,
  });
  vfs.watch(() => void reportVfs(context, vfs));
  await vfs.start();
  await makeVfs();
  await card.start();
  vfs.watch(() => card.poke());

  return {
    address,
    limits: {
      maxVfs: maxFunctionPorts,
      maxBridgePorts: await platform.sysfs.maximumVirtualFunctions(backplane),
      vxlan: false,
      perBridge: true,
    },
    dataPath: card.dataPath,
    getDevices: async () => card.pool.devices(),
    setNumVfs: (count) => card.serial.run(() => setNumVfs(count)),
    watchDevices: (onChange) => card.pool.watch(onChange),
    healthy: async () => card.dataPath.healthy,
    close: () => card.close(),
  };

  /** Of devices, which are pairs for functions. The backplane's virtual functions are there as long as any of those is. */
  async function setNumVfs(count: number): Promise<number> {
    const made = await card.resize(count);
    if (count === 0) await vfs.setNumVfs(0);
    else await makeVfs();
    card.poke();
    return made;
  }

  /** As many as the settings say. Others than there are only while no port is on one: all of them go for a moment. */
  async function makeVfs(): Promise<void> {
    const [there, used] = [(await vfs.devices()).length, await linksInUse()];
    const wanted = await vfsOfSettings({ context, vfs });
    if (there === wanted || used.length === 0) {
      await setVfsOfSettings({ context, vfs, condition });
      return;
    }
    const why = `ports of the host are on ${used.join(', ')}: end those pods, then restart the plugin`;
    const message = `the backplane has ${there} virtual functions and is to have ${wanted} (settings.vfs), but ${why}`;
    status.set({ type: condition, status: 'False', reason: 'InUse', message });
  }

  async function linksInUse(): Promise<string[]> {
    const names = new Set(await ports.hostLinks());
    return (await platform.links.list()).flatMap(({ name, up }) => (up && names.has(name) ? name : []));
  }
}
