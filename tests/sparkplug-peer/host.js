// A host application that is not ours, for src/line/sparkplug_peer_test.c: hears our edge node.
//
//   node host.js mqtt://127.0.0.1:PORT plant cell peerhost
//
// Says STATE, waits for all births, asks for a rebirth, sends a command to Speed of device saw, waits
// for the data that answers it, says that it is gone, and waits for the node's death. Each step that
// is not as it should be ends it with code 1 and a reason; the last line of stdout is `done`.
'use strict';
const assert = require('assert');
const mqtt = require('mqtt');
const sparkplug = require('sparkplug-payload').get('spBv1.0');
const proto = require('sparkplug-payload/lib/sparkplugPayloadProto').org.eclipse.tahu.protobuf;

const [, , url, group, node, host] = process.argv;
const topic = (type, device) => `spBv1.0/${group}/${type}/${node}${device ? `/${device}` : ''}`;
const stateTopic = `spBv1.0/STATE/${host}`;
const stamp = Date.now();
const state = (online) => JSON.stringify({ online, timestamp: stamp });
const aliases = new Map();
let step = 'births';
let bdSeq = null;
let seq = null;
let firstTimestamp = 0;

const client = mqtt.connect(url, {
  protocolVersion: 4,
  clean: true,
  reconnectPeriod: 0,
  will: { topic: stateTopic, payload: state(false), qos: 1, retain: true },
});

function command(type, device, metric) {
  client.publish(topic(type, device),
    Buffer.from(sparkplug.encodePayload({ timestamp: Date.now(), metrics: [metric] })), { qos: 0 });
}

function checkSeq(payload, first) {
  const got = Number(payload.seq);
  assert.strictEqual(got, first ? 0 : (seq + 1) % 256, `seq ${got} after ${seq}`);
  seq = got;
}

function nodeBirth(payload) {
  checkSeq(payload, true);
  const byName = new Map(payload.metrics.map((m) => [m.name, m]));
  const own = Number(byName.get('bdSeq').value);
  assert.strictEqual(byName.get('bdSeq').type, 'Int64');
  assert.ok(bdSeq === null || bdSeq === own, 'bdSeq changed at a rebirth');
  bdSeq = own;
  assert.strictEqual(byName.get('Node Control/Rebirth').value, false);
  assert.strictEqual(byName.get('Node Control/Rebirth').alias, undefined);
  assert.ok(Number(payload.timestamp) > firstTimestamp);
  firstTimestamp = Number(payload.timestamp);
  aliases.clear();
}

function learn(payload) {
  for (const m of payload.metrics) {
    assert.ok(m.name && m.type);
    if (m.alias !== undefined) {
      assert.ok(!aliases.has(Number(m.alias)), 'an alias stands twice');
      aliases.set(Number(m.alias), m);
    }
  }
}

function deviceBirth(payload) {
  checkSeq(payload, false);
  learn(payload);
  const speed = payload.metrics.find((m) => m.name === 'Speed');
  assert.ok(speed, 'Speed is not in the birth');
  assert.strictEqual(speed.type, 'Double');
  assert.strictEqual(speed.properties.engUnit.value, '1/min');
  if (step === 'births') {
    step = 'rebirth';
    command('NCMD', null, { name: 'Node Control/Rebirth', type: 'Boolean', value: true });
  } else if (step === 'rebirth') {
    step = 'command';
    command('DCMD', 'saw', { name: 'Speed', type: 'Double', value: 812.5 });
  }
}

// By alias, without a type: what the package itself cannot read, so from the fields.
function deviceData(payload, bytes) {
  checkSeq(payload, false);
  for (const m of proto.Payload.decode(bytes).metrics) {
    const known = aliases.get(Number(m.alias));
    assert.ok(known, `alias ${m.alias} was in no birth`);
    if (step === 'command' && known.name === 'Speed' && m.doubleValue === 812.5) {
      step = 'death';
      client.publish(stateTopic, state(false), { qos: 1, retain: true });
    }
  }
}

function nodeDeath(payload) {
  assert.strictEqual(step, 'death', `a death in step ${step}`);
  assert.strictEqual(payload.metrics.length, 1);
  assert.strictEqual(Number(payload.metrics[0].value), bdSeq);
  assert.ok(!Object.hasOwn(payload, 'seq'));
  console.log('done');
  process.exit(0);
}

client.on('connect', () => {
  client.subscribe([stateTopic, `spBv1.0/${group}/#`], { qos: 1 }, (error) => {
    if (error) throw error;
    // Longer than our edge needs to connect: it must be silent until then.
    setTimeout(() => {
      assert.strictEqual(bdSeq, null, 'a birth before STATE');
      client.publish(stateTopic, state(true), { qos: 1, retain: true });
    }, 500);
  });
});
client.on('message', (name, bytes) => {
  if (name === stateTopic || name.includes('CMD/')) return;
  const payload = sparkplug.decodePayload(bytes);
  if (name === topic('NBIRTH')) nodeBirth(payload);
  else if (name === topic('DBIRTH', 'saw')) deviceBirth(payload);
  else if (name === topic('DDATA', 'saw')) deviceData(payload, bytes);
  else if (name === topic('NDEATH')) nodeDeath(payload);
  else assert.fail(`a message on ${name}`);
});
client.on('error', (error) => { console.error(error); process.exit(1); });
setTimeout(() => { console.error(`host.js: nothing came in step ${step}`); process.exit(2); }, 40000);
