// An edge node that is not ours, for src/line/sparkplug_peer_test.c: npm's mqtt and
// sparkplug-payload, and the order of messages as the Sparkplug specification has it.
//
//   node edge.js mqtt://127.0.0.1:PORT plant peer
//
// Births with bdSeq 7, then data whose Counter goes up, with one seq left out. At the first rebirth
// request it is born again with Counter 100. A command to Setpoint of device d1 is answered by data
// with the same value. Then it goes away without a word; the broker has its will.
'use strict';
const mqtt = require('mqtt');
const sparkplug = require('sparkplug-payload').get('spBv1.0');

const [, , url, group, node] = process.argv;
const BD_SEQ = 7;
const topic = (type, device) => `spBv1.0/${group}/${type}/${node}${device ? `/${device}` : ''}`;
let seq = 0;
let counter = 0;
let rebirths = 0;

function bdSeq() {
  return { name: 'bdSeq', type: 'UInt64', value: BD_SEQ };
}

const client = mqtt.connect(url, {
  protocolVersion: 4,
  clean: true,
  reconnectPeriod: 0,
  will: {
    topic: topic('NDEATH'), qos: 1, retain: false,
    payload: Buffer.from(sparkplug.encodePayload({ timestamp: Date.now(), metrics: [bdSeq()] })),
  },
});

function publish(type, device, metrics) {
  const payload = { timestamp: Date.now(), metrics, seq };
  seq = (seq + 1) % 256;
  client.publish(topic(type, device), Buffer.from(sparkplug.encodePayload(payload)), { qos: 0 });
}

function births() {
  const now = Date.now();
  seq = 0;
  publish('NBIRTH', null, [
    bdSeq(),
    { name: 'Node Control/Rebirth', type: 'Boolean', value: false },
    { name: 'Counter', alias: 1, type: 'Int64', value: counter, timestamp: now },
    { name: 'Small', alias: 2, type: 'Int8', value: -5, timestamp: now },
    { name: 'Word', alias: 3, type: 'UInt32', value: 4000000000, timestamp: now },
    { name: 'Label', alias: 4, type: 'String', value: 'Größe', timestamp: now,
      properties: { engUnit: { type: 'String', value: 'mm' } } },
  ]);
  publish('DBIRTH', 'd1', [
    { name: 'Setpoint', alias: 5, type: 'Double', value: 1.5, timestamp: now },
    { name: 'Running', alias: 6, type: 'Boolean', value: true, timestamp: now,
      properties: { Quality: { type: 'Int32', value: 500 } } },
  ]);
}

function count() {
  counter += 1;
  publish('NDATA', null, [{ name: 'Counter', alias: 1, type: 'Int64', value: counter, timestamp: Date.now() }]);
}

function onCommand(name, payload) {
  for (const metric of payload.metrics) {
    if (name === topic('NCMD') && metric.name === 'Node Control/Rebirth' && metric.value === true) {
      rebirths += 1;
      counter = 100 * rebirths;
      births();
    } else if (name === topic('DCMD', 'd1') && metric.name === 'Setpoint') {
      publish('DDATA', 'd1', [{ name: 'Setpoint', alias: 5, type: 'Double', value: metric.value, timestamp: Date.now() }]);
      setTimeout(() => process.exit(0), 300); // the socket closes, no DISCONNECT is sent
    }
  }
}

client.on('connect', () => {
  client.subscribe([topic('NCMD'), topic('DCMD', '+')], { qos: 1 }, (error) => {
    if (error) throw error;
    births();
    count();
    count();
    seq = (seq + 1) % 256; // a message that never comes
    count();
  });
});
client.on('message', (name, bytes) => onCommand(name, sparkplug.decodePayload(bytes)));
client.on('error', (error) => { console.error(error); process.exit(1); });
setTimeout(() => { console.error('edge.js: nobody spoke for 60 s'); process.exit(2); }, 60000);
