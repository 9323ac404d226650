// server.js PORT - a PLC by modbus-serial: 200 holding and 100 input registers, 50 coils and 50
// discrete inputs. What is written stays. Holding register 110 counts up each 100 ms.
'use strict';
const { ServerTCP } = require('modbus-serial');

const holding = new Uint16Array(200);
const inputs = new Uint16Array(100);
const coils = new Array(50).fill(false);
const discretes = new Array(50).fill(false);

holding[100] = 6;
holding[101] = 70000 & 0xffff; // low word first
holding[102] = 70000 >> 16;
holding.set([0x4c2d, 0x3700], 104); // "L-7"
inputs[5] = 0xfffe;
discretes[3] = true;

const inside = (table, address) => {
    if (address >= table.length) {
        throw { modbusErrorCode: 2 };
    }
    return table[address];
};
const put = (table, address, value) => {
    inside(table, address);
    table[address] = value;
};

setInterval(() => { holding[110] += 1; }, 100);
new ServerTCP({
    getHoldingRegister: (address) => inside(holding, address),
    getInputRegister: (address) => inside(inputs, address),
    getCoil: (address) => inside(coils, address),
    getDiscreteInput: (address) => inside(discretes, address),
    setRegister: (address, value) => put(holding, address, value),
    setCoil: (address, value) => put(coils, address, value),
}, { host: '127.0.0.1', port: Number(process.argv[2]), unitID: 1 });
