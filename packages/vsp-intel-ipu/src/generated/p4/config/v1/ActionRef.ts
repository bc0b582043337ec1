// Original file: proto/p4info.proto


export interface ActionRef {
  'id'?: (number);
}

export interface ActionRef__Output {
  'id': (number);
}
