package s3

// headObject is HeadObject: what GetObject answers, without the content.
func headObject(q *request) error {
	object, err := q.object()
	if err != nil {
		return err
	}
	_, err = q.beginRead(object)
	return err
}
