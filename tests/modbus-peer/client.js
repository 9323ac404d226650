// client.js PORT - asks a server by modbus-serial, writes, and prints what it saw as lines of JSON.
'use strict';
const Modbus = require('modbus-serial');

const say = (what, value) => process.stdout.write(JSON.stringify([what, value]) + '\n');
const refused = async (what, call) => {
    try {
        await call();
        say(what, 'taken');
    } catch (error) {
        say(what, error.modbusCode ?? String(error.message));
    }
};

(async () => {
    const client = new Modbus();
    await client.connectTCP('127.0.0.1', { port: Number(process.argv[2]) });
    client.setID(1);
    client.setTimeout(5000);
    say('holding', (await client.readHoldingRegisters(100, 5)).data);
    say('inputs', (await client.readInputRegisters(5, 1)).data);
    say('coils', (await client.readCoils(0, 3)).data.slice(0, 3));
    say('discretes', (await client.readDiscreteInputs(0, 4)).data.slice(0, 4));
    await client.writeRegister(10, 4711);
    await client.writeRegisters(11, [1, 2, 3]);
    await client.writeCoil(1, true);
    await client.writeCoils(4, [true, false, true]);
    say('back', (await client.readHoldingRegisters(10, 4)).data);
    say('many', (await client.readHoldingRegisters(0, 125)).data.length);
    await refused('beyond', () => client.readHoldingRegisters(990, 20));
    await refused('too many', () => client.readHoldingRegisters(0, 126));
    client.close(() => process.exit(0));
})().catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
});
