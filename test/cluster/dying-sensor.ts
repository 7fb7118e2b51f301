import { readFileSync } from 'node:fs';
import { createSensor, readSensorBundle } from '../../sensor-client/index.ts';
import { nodePorts } from '../../sensor-client/node-ports.ts';
import type { Transport } from '../../src/ports/index.ts';
import { outcomesCodec } from '../../src/protocol/flag-messages.ts';
import { operations } from '../../src/protocol/index.ts';

/**
 * A sensor that uploads one reading and ends as if the power were cut, at a place that is given to it:
 *
 *     dying-sensor.ts BUNDLE STREAM WINDOW READING PLACE
 */
const [bundlePath = '', stream = '', window = '', reading = '', place = ''] = process.argv.slice(2);

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('not reached');
}

/** Passes every request on until the place where the sensor ends. */
function mortal(transport: Transport): Transport {
  return {
    async send(nodeId, request, options) {
      const { path } = request;
      if (place === 'before UPLOAD' && path === operations.UPLOAD.path) die();
      if (place === 'before SET' && path === operations.SET.path) die();
      const answer = transport.send(nodeId, request, options);
      if (place === 'during SET' && path === operations.SET.path) {
        // The request is on its way or at the node; what becomes of it this sensor never learns.
        setTimeout(die, Number(reading.at(-1)));
      }
      const response = await answer;
      if (response.status !== 200) return response;
      if (place === 'after one UPLOAD' && path === operations.UPLOAD.path) die();
      if (place === 'after SET' && path === operations.SET.path) {
        if (outcomesCodec.decode(response.body).outcomes[0] === 'TRUE') die();
      }
      return response;
    },
    close: () => transport.close(),
  };
}

const ports = nodePorts();
const sensor = await createSensor(
  {
    bundle: readSensorBundle(readFileSync(bundlePath, 'utf8')),
    stream,
    window: Number(window),
    policy: { allowDevelopment: true },
  },
  { ...ports, connect: (targets) => mortal(ports.connect(targets)) },
);
await sensor.upload(reading);
await sensor.close();
