// Original file: proto/p4info.proto


export interface PkgInfo {
  'name'?: (string);
  'version'?: (string);
  'arch'?: (string);
}

export interface PkgInfo__Output {
  'name': (string);
  'version': (string);
  'arch': (string);
}
