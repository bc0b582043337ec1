import type { Attachment } from '../record/attachment.ts';

/** A pod's attachment of a software device on the host side, with what differs. */
export const attachmentOf = (more: Partial<Attachment> = {}): Attachment => ({
  id: '6f6f3b9e-0f0c-4e83-8f0a-3c58c1a3b6f4',
  containerId: 'pod',
  ifName: 'net1',
  network: 'net',
  netns: '/run/netns/gone',
  netnsId: '4:1',
  state: 'attached',
  role: 'hostPort',
  deviceId: 'vf3',
  dpuName: 'dpu',
  pf: 0,
  vf: 3,
  link: {
    name: 'vf3',
    mac: '02:00:00:00:00:03',
    mtu: 1500,
    identity: { ifindex: 7, kind: 'veth', peerIfindex: 8 },
  },
  mac: '02:00:00:00:00:03',
  bridgePort: 'host0-3',
  ...more,
});
