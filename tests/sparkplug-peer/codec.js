// Encodes and decodes the cases of cases.json with npm's sparkplug-payload, for
// src/line/sparkplug_peer_test.c.
//
//   node codec.js encode cases.json     one line for each case: its number, then its payload in hex
//   node codec.js decode                the same lines on stdin; prints one JSON object for each
'use strict';
const fs = require('fs');
const Long = require('long');
const sparkplug = require('sparkplug-payload').get('spBv1.0');
const proto = require('sparkplug-payload/lib/sparkplugPayloadProto').org.eclipse.tahu.protobuf;
const Payload = proto.Payload;

const INTS = ['Int8', 'Int16', 'Int32', 'UInt8', 'UInt16'];
const LONGS = ['Int64', 'UInt32', 'UInt64', 'DateTime'];
const ARRAY_FIRST = 22; // Int8Array; this version of the package does not know arrays
const ARRAYS = ['Int8', 'Int16', 'Int32', 'Int64', 'UInt8', 'UInt16', 'UInt32', 'UInt64', 'Float',
  'Double', 'Boolean', 'String', 'DateTime'].map((name) => name + 'Array');

function valueOf(c) {
  if (c.value === null) return null;
  if (INTS.includes(c.type)) return Number(c.value);
  if (LONGS.includes(c.type)) return Long.fromString(c.value, c.type !== 'Int64');
  if (c.type === 'Float' || c.type === 'Double') return Number(c.value);
  if (c.type === 'Boolean') return c.value === 'true';
  if (c.type === 'Bytes' || c.type === 'File') return Buffer.from(c.value, 'hex');
  return c.value; // texts; DataSet and Template as objects
}

function encode(c) {
  if (ARRAYS.includes(c.type)) {
    return Payload.encode(Payload.create({
      timestamp: 1700000000123, seq: 5,
      metrics: [{ name: c.name, datatype: ARRAY_FIRST + ARRAYS.indexOf(c.type),
        bytesValue: Buffer.from(c.value, 'hex') }],
    })).finish();
  }
  const metric = { name: c.name, type: c.type, value: valueOf(c), timestamp: 1700000000456 };
  if (c.alias !== undefined) metric.alias = c.alias;
  if (c.historical) metric.isHistorical = true;
  if (c.metadata) metric.metadata = c.metadata;
  if (c.properties) metric.properties = c.properties;
  return sparkplug.encodePayload({ timestamp: 1700000000123, metrics: [metric], seq: 5 });
}

function text(type, value) {
  if (value === null || value === undefined) return null;
  if (Buffer.isBuffer(value) || value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (type === 'Double' || type === 'Float') {
    return Object.is(value, -0) ? '-0' : String(value);
  }
  if (typeof value !== 'object' || Long.isLong(value)) return String(value);
  return JSON.parse(JSON.stringify(value, (key, v) => (Long.isLong(v) ? Number(v) : v)));
}

function decode(bytes) {
  const payload = sparkplug.decodePayload(bytes);
  const raw = Payload.decode(bytes);
  const metric = payload.metrics[0];
  const field = raw.metrics[0];
  let { type, value } = metric;
  if (field.datatype >= ARRAY_FIRST) {
    type = ARRAYS[field.datatype - ARRAY_FIRST];
    value = field.bytesValue;
  } else if (type === 'UInt32' && Object.hasOwn(field, 'intValue')) {
    value = field.intValue; // where the specification has it; the package looks in long_value
  }
  return { name: metric.name, type, value: text(type, value), seq: Number(payload.seq),
    timestamp: Number(payload.timestamp), alias: metric.alias === undefined ? -1 : Number(metric.alias),
    historical: metric.isHistorical === true,
    quality: metric.properties && metric.properties.Quality ? metric.properties.Quality.value : -1,
    unit: metric.properties && metric.properties.engUnit ? metric.properties.engUnit.value : '' };
}

if (process.argv[2] === 'encode') {
  const cases = JSON.parse(fs.readFileSync(process.argv[3], 'utf8'));
  cases.forEach((c, i) => console.log(`${i} ${Buffer.from(encode(c)).toString('hex')}`));
} else {
  for (const line of fs.readFileSync(0, 'utf8').split('\n').filter((l) => l !== '')) {
    const [, hex] = line.split(' ');
    console.log(JSON.stringify(decode(Buffer.from(hex, 'hex'))));
  }
}
