// Original file: proto/opi_api/lifecycle/v1alpha1/lifecycle.proto


export interface IpPort {
  'ip'?: (string);
  'port'?: (number);
}

export interface IpPort__Output {
  'ip': (string);
  'port': (number);
}
