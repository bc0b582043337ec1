/** The DPU's side, on the ACC: the data path, and interfaces for network functions. */
import type { Device, Plugin, PluginContext } from '@dpu-operator/sdk';
import { LinuxBridging } from './bridge/linux-bridging.ts';
import { Card } from './card.ts';
import { configureChannel } from './channel.ts';
import { IpuDataPath } from './data-path.ts';
import { Imc } from './imc/imc.ts';
import { Journal } from './journal.ts';
import { daemonAddress, type Settings } from './settings.ts';

export async function createDpuSide(context: PluginContext<Settings>): Promise<Plugin> {
  const { settings, secrets, platform, status, logger, stateDirectory } = context;
  const { links, clock } = platform;
  const { representors, uplink } = settings;
  const journal = new Journal(stateDirectory);
  await journal.load();
  await configureChannel('dpu', settings, platform, status);
  const ours = new Set([...representors.hosts, ...representors.functions.flat(), uplink.secondary]);
  const bridging = new LinuxBridging(links, ours);
  const imc = new Imc({ target: settings.imc, secrets, clock });
  const card = new Card({ settings, imc, links, clock, status, logger, onReady: () => dataPath.lost() });
  const { reapply } = context;
  const dataPath = new IpuDataPath({
    card,
    journal,
    bridging,
    links,
    clock,
    logger,
    uplink: uplink.secondary,
    reapply,
  });
  card.start();
  return {
    address: daemonAddress(settings),
    getDevices: async () => settings.functionDevices.map((id): Device => ({ id, healthy: true })),
    // The interfaces of the ACC are as many as its firmware says.
    setNumVfs: async () => settings.functionDevices.length,
    dataPath,
    limits: {
      maxBridgePorts: representors.hosts.length,
      trunk: settings.bridge === 'ovs',
      vxlan: false,
    },
    close: async () => {
      dataPath.close();
      card.close();
      await bridging.close();
    },
  };
}
