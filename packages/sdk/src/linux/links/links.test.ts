import { describe, expect, it } from 'vitest';
import type { Exec } from '../exec.ts';
import { Links } from './links.ts';
import { parseLinks } from './links-json.ts';

const printed = JSON.stringify([
  {},
  { ifindex: 1, ifname: 'lo', flags: ['LOOPBACK', 'UP', 'LOWER_UP'], mtu: 65536, address: '00:00:00:00:00:00' },
  {
    ifindex: 7,
    link_index: 2,
    link_netnsid: 3,
    ifname: 'rep0',
    flags: ['NO-CARRIER', 'BROADCAST', 'UP'],
    mtu: 1450,
    master: 'br0',
    ifalias: 'ours',
    address: '02:00:00:00:00:01',
    linkinfo: { info_kind: 'veth' },
    addr_info: [
      { family: 'inet', local: '10.0.0.1', prefixlen: 24, scope: 'global', label: 'rep0' },
      { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link' },
    ],
  },
  {
    ifindex: 8,
    ifname: 'vx',
    flags: ['BROADCAST'],
    mtu: 1450,
    address: '02:00:00:00:00:02',
    linkinfo: { info_kind: 'vxlan', info_data: { id: 5, local: '10.0.0.1', remote: '10.0.0.9', port: 4790 } },
  },
]);

describe('parseLinks', () => {
  it('reads a veth port whose peer lives in another namespace', () => {
    expect(parseLinks(printed)[1]).toEqual({
      name: 'rep0',
      index: 7,
      mac: '02:00:00:00:00:01',
      mtu: 1450,
      up: true,
      running: false,
      kind: 'veth',
      alias: 'ours',
      masterName: 'br0',
      peer: { index: 2 },
      linkNetnsId: 3,
      addresses: [
        { family: 'inet', address: '10.0.0.1', prefixLength: 24, scope: 'global' },
        { family: 'inet6', address: 'fe80::1', prefixLength: 64, scope: 'link' },
      ],
    });
  });

  it('reads what makes a VXLAN device itself', () => {
    expect(parseLinks(printed)[2]).toMatchObject({
      up: false,
      vxlan: { vni: 5, port: 4790, local: '10.0.0.1', remote: '10.0.0.9' },
    });
  });

  it('takes no output for no links', () => {
    expect(parseLinks('')).toEqual([]);
  });
});

function answering(result: { stdout?: string; stderr?: string; exitCode?: number }) {
  const calls: { line: string; input: string | undefined }[] = [];
  const exec: Exec = async (file, args, options) => {
    calls.push({ line: [file, ...args].join(' '), input: options?.input });
    return { stdout: '', stderr: '', exitCode: 0, ...result };
  };
  return { exec, calls };
}

describe('Links', () => {
  it('enters the namespace by its path and sends all commands in one call', async () => {
    const { exec, calls } = answering({});
    await new Links(exec, '/run/netns/a').batch(['link set x up', ['link', 'del', 'y']]);
    expect(calls).toEqual([{ line: 'nsenter --net=/run/netns/a ip -batch -', input: 'link set x up\nlink del y\n' }]);
  });

  it('tells which command failed, with a code', async () => {
    const stderr = 'Error: A VXLAN device with the specified VNI already exists.\nCommand failed -:2\n';
    const { exec } = answering({ stderr, exitCode: 1 });
    await expect(new Links(exec).batch(['link set x up', 'link add y type vxlan id 1'])).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: expect.stringContaining('ip link add y type vxlan id 1'),
    });
  });

  it('answers every failure when forced', async () => {
    const stderr =
      'RTNETLINK answers: File exists\nCommand failed -:1\nCannot find device "z"\nCommand failed -:3\n' +
      'RTNETLINK answers: Device or resource busy\nCommand failed -:4\n';
    const { exec } = answering({ stderr, exitCode: 1 });
    const failures = await new Links(exec).batch(['link add a', 'link add b', 'link del z', 'link set q'], {
      force: true,
    });
    expect(failures.map(({ line, error }) => [line, error.code])).toEqual([
      [0, 'ALREADY_EXISTS'],
      [2, 'NOT_FOUND'],
      [3, 'FAILED_PRECONDITION'],
    ]);
  });

  it.each([
    ['two lines', 'link del a\nlink del b'],
    ['white space in a word', ['link', 'del', 'a b']],
    ['an empty word', ['']],
  ])('refuses %s', async (_what, command) => {
    const { exec, calls } = answering({});
    await expect(new Links(exec).batch([command])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(calls).toEqual([]);
  });

  it('tells a missing link from a missing namespace', async () => {
    const missingLink = answering({ stderr: 'Device "x" does not exist.\n', exitCode: 1 });
    expect(await new Links(missingLink.exec).find('x')).toBeUndefined();
    const missingNetns = answering({ stderr: 'nsenter: cannot open /nope: No such file or directory', exitCode: 1 });
    await expect(new Links(missingNetns.exec, '/nope').find('x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('does not take a missing program for a missing link', async () => {
    const stderr = 'nsenter: failed to execute ip: No such file or directory\n';
    const links = new Links(answering({ stderr, exitCode: 127 }).exec, '/run/netns/a');
    const missing = { code: 'FAILED_PRECONDITION', message: stderr.trim() };
    await expect(links.find('x')).rejects.toMatchObject(missing);
    await expect(links.batch(['link del x'])).rejects.toMatchObject(missing);
    await expect(links.batch(['link del x'], { force: true })).rejects.toMatchObject(missing);
    await expect(links.batchAndList(['link del x'])).rejects.toMatchObject(missing);
  });
});
