import { findsPlantedFaults } from './finds-planted-faults.ts'

findsPlantedFaults('cookie', 'csrf', 'forwarded', 'device')
