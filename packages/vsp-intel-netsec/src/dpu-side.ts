/** The DPU's side: a bridge between the host's virtual functions, network functions and an SFP port. */
import { createHash } from 'node:crypto';
import { DpuError, type Plugin, type PluginContext, Serial } from '@dpu-operator/sdk';
import {
  ClosedMarker,
  DevicePool,
  indexIn,
  Keeper,
  type KeptChannel,
  keepLinkLocalChannel,
  type LinkChange,
  SwitchDataPath,
  tellFirmware,
  VfDevices,
  vethKind,
} from '@dpu-operator/sdk/linux';
import { cardPortsOf } from './card.ts';
import { CardSwitchPorts, given, kept } from './ports.ts';
import type { Settings } from './settings.ts';
import { tellSwitch, tellUplink, tellVfs } from './status.ts';
import { setUpVfs } from './vf-setup.ts';

/** As the Go operator's plugin calls it. */
const bridge = 'br-secondary';

export async function createDpuSide(context: PluginContext<Settings>, open?: KeptChannel['open']): Promise<Plugin> {
  const { dpu, platform, logger, node, settings, signal, stateDirectory } = context;
  const card = cardPortsOf(dpu, (await platform.sysfs.snapshot()).pci);
  const backplane = card.backplane[0] ?? '';
  const sfp = card.sfp[settings.sfpPort];
  const channel = { side: 'dpu', pciAddress: backplane, port: settings.daemonPort } as const;
  const { address, device } = await keepLinkLocalChannel({ platform, logger, signal, open }, channel);
  await tellFirmware(context, device);

  const vfs = new VfDevices({
    platform,
    logger,
    signal,
    pfs: [backplane],
    configure: (pf, count) => setUpVfs(platform, pf, count),
    netdevTimeoutMs: settings.netdevTimeoutSeconds * 1000,
  });
  vfs.watch(() => void tellVfs(context, vfs));
  const mtu = (await platform.links.find(device))?.mtu ?? 1500;
  const pool = new DevicePool({ platform, logger }, vethKind({ nodeName: node.name, given, kept, mtu }));
  const ports = new CardSwitchPorts({ platform, nodeName: node.name, backplane, sfp });
  const owner = createHash('sha256').update(dpu.identifier).digest('hex').slice(0, 16);
  const serial = new Serial();
  const ovs = platform.openVSwitch({
    ...(settings.ovsDatabase === undefined
      ? { directory: `/run/netsec-${owner.slice(0, 8)}`, commandsLookIn: '/var/run/openvswitch' }
      : { database: settings.ovsDatabase }),
    onLine: (line) => logger.debug({ line }, 'open vswitch'),
    onExit: (reason) => lost(reason),
    onReturn: () => keeper.poke(),
  });
  const dataPath = new SwitchDataPath({
    platform,
    logger,
    ovs,
    bridge,
    owner,
    ports,
    hostToHost: settings.hostToHost,
    closed: new ClosedMarker(stateDirectory),
    serial,
  });
  const look = async () => {
    const state = await pool.ensure();
    if (ovs.running || settings.ovsDatabase === undefined) await dataPath.repair();
    if (dataPath.healthy) tellSwitch(context);
    await tellUplink(context, await ports.uplink(), sfp);
    return state;
  };
  const keeper = new Keeper({ logger, netns: platform.links.netns, ignore: isOwnWork, look: () => serial.run(look) });
  try {
    await vfs.start();
    if ((await vfs.devices()).length === 0) await vfs.setNumVfs(settings.vfs);
    await pool.adopt(settings.networkFunctionPorts);
    await dataPath.start();
    keeper.start();
    keeper.poke();
  } catch (error) {
    await ovs.stop();
    throw error;
  }

  return {
    address,
    dataPath,
    getDevices: async () => pool.devices(),
    setNumVfs: (count) => serial.run(() => setNumVfs(count)),
    watchDevices: (onChange) => pool.watch(onChange),
    healthy: async () => dataPath.healthy,
    close: async () => {
      keeper.stop();
      await serial.run(() => ovs.stop());
    },
  };

  function lost(reason: string): void {
    logger.error({ reason }, 'open vswitch ended');
    tellSwitch(context, reason);
    dataPath.forget();
    // One of our own starts again; the node's says when it is back.
    if (settings.ovsDatabase === undefined) keeper.poke();
  }

  /** Of the backplane port. The interfaces for functions are as many as the settings say, unless all is to go. */
  async function setNumVfs(count: number): Promise<number> {
    if (count === 0) {
      // First, as it is what can be refused: then all stays.
      const made = await pool.resize(0);
      await dataPath.remove();
      await ovs.stop();
      await vfs.setNumVfs(0);
      return made;
    }
    if (count !== (await vfs.devices()).length) await requireNoPorts();
    await vfs.setNumVfs(count);
    return pool.resize(settings.networkFunctionPorts);
  }

  /** Their virtual functions would go for a moment, and pods lose what passes. */
  async function requireNoPorts(): Promise<void> {
    const names = new Set(await ports.hostLinks());
    const used = (await platform.links.list()).filter(({ name, up }) => up && names.has(name));
    if (used.length === 0) return;
    const text = `pods of the host use ${used.map(({ name }) => name).join(', ')}; end them before there is another number`;
    throw new DpuError('FAILED_PRECONDITION', text);
  }
}

/** Whether only this plugin makes such links: news of them are of its own doing, unless they go. */
function isOwnWork({ name, deleted }: LinkChange): boolean {
  if (deleted) return false;
  return name === bridge || [given, kept].some((prefix) => indexIn(name, prefix) !== undefined);
}
