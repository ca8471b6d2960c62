import { findsPlantedFaults } from './finds-planted-faults.ts'

findsPlantedFaults('codec', 'file')
