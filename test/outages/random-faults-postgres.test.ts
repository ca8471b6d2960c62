import { randomFaultsOf } from './random-faults.ts'

randomFaultsOf('postgres')
