import { cards } from '@dpu-operator/sdk/testing';
import { itConforms, conformanceVfs as vfs } from './card-conformance.ts';

itConforms({
  prefix: 'mrvconf',
  plugin: 'vsp-marvell',
  machines: (wire) => ({
    host: {
      pci: (cards.marvell.host({ totalVfs: vfs, wire: () => wire('vf{vf}') }).pci ?? []).map((pf, index) => ({
        ...pf,
        netdevs: (pf.netdevs ?? []).map((netdev) => ({ ...netdev, wire: wire(`pf${index}`) })),
      })),
    },
    dpu: cards.marvell.dpu({ vfs, wire: (index) => wire(`if${index}`), uplink: wire('outside') }),
  }),
  // Pairs for network functions outlive the plugin: pods have them.
  kept: /^(nf|dp)_interface\d+$/,
});
