package v1

// UploaderType says what copies the files of volumes.
// +enum
type UploaderType string

const (
	// UploaderTypeKopia copies with Kopia.
	UploaderTypeKopia UploaderType = "kopia"
	// UploaderTypeRestic copies with restic. Velero can only restore with it.
	UploaderTypeRestic UploaderType = "restic"
)

// DataMovePhase says how far a copy of a volume's data has come.
// +enum
type DataMovePhase string

const (
	// DataMovePhaseNew means that no node has taken the copy on yet. So does no phase.
	DataMovePhaseNew DataMovePhase = "New"
	// DataMovePhaseAccepted means that a node has taken the copy on.
	DataMovePhaseAccepted DataMovePhase = "Accepted"
	// DataMovePhasePrepared means that the volume can be reached.
	DataMovePhasePrepared DataMovePhase = "Prepared"
	// DataMovePhaseInProgress means that data are copied now.
	DataMovePhaseInProgress DataMovePhase = "InProgress"
	// DataMovePhaseCanceling means that the copy is being broken off.
	DataMovePhaseCanceling DataMovePhase = "Canceling"
	// DataMovePhaseCanceled means that the copy was broken off.
	DataMovePhaseCanceled DataMovePhase = "Canceled"
	// DataMovePhaseCompleted means that everything was copied.
	DataMovePhaseCompleted DataMovePhase = "Completed"
	// DataMovePhaseFailed means that the copy failed; status.message says why.
	DataMovePhaseFailed DataMovePhase = "Failed"
)

// DataMoveOperationProgress is how much of a volume's data has been copied so far.
type DataMoveOperationProgress struct {
	// How many bytes there are.
	// +optional
	TotalBytes int64 `json:"totalBytes,omitempty"`

	// How many of them have been copied.
	// +optional
	BytesDone int64 `json:"bytesDone,omitempty"`
}
