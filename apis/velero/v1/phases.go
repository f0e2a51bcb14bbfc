package v1

// Waiting says that a backup of this phase has not begun.
func (p BackupPhase) Waiting() bool {
	switch p {
	case "", BackupPhaseNew, BackupPhaseQueued, BackupPhaseReadyToStart:
		return true
	}
	return false
}

// Running says that a backup of this phase has begun and not ended. One that is being deleted has ended.
func (p BackupPhase) Running() bool {
	switch p {
	case BackupPhaseInProgress, BackupPhaseWaitingForPluginOperations, BackupPhaseWaitingForPluginOperationsPartiallyFailed,
		BackupPhaseFinalizing, BackupPhaseFinalizingPartiallyFailed:
		return true
	}
	return false
}

// Ended says that a copy of this phase has come to its end, good or bad.
func (p DataMovePhase) Ended() bool {
	switch p {
	case DataMovePhaseCanceled, DataMovePhaseCompleted, DataMovePhaseFailed:
		return true
	}
	return false
}
