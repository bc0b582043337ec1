import { describe, expect, it } from 'vitest';
import { parseNetworks } from './networks.ts';

describe('parseNetworks', () => {
  it('finds nothing in an empty annotation', () => {
    expect(parseNetworks(' ', 'team')).toEqual([]);
  });

  it('reads the short form with and without namespace and interface', () => {
    expect(parseNetworks('nf, nf,default/net@data0', 'team')).toEqual([
      { namespace: 'team', name: 'nf', interface: 'net1' },
      { namespace: 'team', name: 'nf', interface: 'net2' },
      { namespace: 'default', name: 'net', interface: 'data0' },
    ]);
  });

  it('reads the JSON form with MAC and addresses', () => {
    const annotation = JSON.stringify([
      { name: 'a', mac: '02:00:00:00:00:01', ips: ['10.0.0.5/24'] },
      { name: 'b', namespace: 'team', interface: 'data0' },
    ]);
    expect(parseNetworks(annotation, 'team')).toEqual([
      { namespace: 'team', name: 'a', interface: 'net1', mac: '02:00:00:00:00:01', ips: ['10.0.0.5/24'] },
      { namespace: 'team', name: 'b', interface: 'data0' },
    ]);
  });

  it("isolates namespaces: another's network is not to be had", () => {
    for (const annotation of ['other/net', '[{"name":"net","namespace":"other"}]']) {
      expect(() => parseNetworks(annotation, 'team')).toThrow('a pod of team cannot use other/net');
    }
  });

  it.each(['a/b/c', 'a,,b', 'a@', 'UPPER', '[{"namespace":"x"}]', '[{'])('refuses %s', (annotation) => {
    expect(() => parseNetworks(annotation, 'team')).toThrow('k8s.v1.cni.cncf.io/networks');
  });
});
