// Original file: proto/p4info.proto


export interface Preamble {
  'id'?: (number);
  'name'?: (string);
  'alias'?: (string);
}

export interface Preamble__Output {
  'id': (number);
  'name': (string);
  'alias': (string);
}
