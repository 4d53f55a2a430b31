package simulator

import "net/http"

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/core/instances", s.list)
	mux.HandleFunc("GET /v1/core/instance/{id}", s.one)
	mux.HandleFunc("GET /v1/core/instance/{id}/consume_events_sse", func(w http.ResponseWriter, r *http.Request) { s.events(w, r, true) })
	mux.HandleFunc("GET /v1/core/instance/{id}/consume_events", func(w http.ResponseWriter, r *http.Request) { s.events(w, r, false) })
	for _, table := range []string{"events", "tracks", "analytics"} {
		mux.HandleFunc("POST /v1/database/"+table, func(w http.ResponseWriter, r *http.Request) { s.queried(w, r, table) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "no such path: "+r.URL.Path)
	})
	return mux
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	s.logf("%s %s", r.Method, r.URL)
	bodies := []object{}
	s.mu.Lock()
	for _, in := range s.instances {
		bodies = append(bodies, in.body())
	}
	s.mu.Unlock()
	reply(w, http.StatusOK, object{"instances": bodies})
}

func (s *Server) one(w http.ResponseWriter, r *http.Request) {
	s.logf("%s %s", r.Method, r.URL)
	s.mu.Lock()
	in := s.find(r.PathValue("id"))
	s.mu.Unlock()
	if in == nil {
		refuse(w, http.StatusNotFound, "instance not found")
		return
	}
	reply(w, http.StatusOK, in.body())
}

// body returns the instance as the server describes it.
func (in *instance) body() object {
	fps := double(0)
	running := in.running.Err() == nil
	if running {
		fps = 24.94
	}
	return object{
		"instanceId": in.ID, "displayName": in.Name, "group": in.Group,
		"solutionId": "securt", "solutionName": "SecuRT (Security)", "version": "0.0.0-simulated",
		"persistent": true, "loaded": true, "running": running, "fps": fps,
		"frameRateLimit": 0, "metadataMode": true, "statisticsMode": true, "diagnosticsMode": false, "debugMode": false,
		"readOnly": false, "autoStart": false, "autoRestart": true, "systemInstance": false,
		"detectorMode": "SmartDetection", "detectionSensitivity": "Medium", "movementSensitivity": "Medium", "sensorModality": "RGB",
	}
}

func refuse(w http.ResponseWriter, status int, text string) {
	reply(w, status, object{"error": text})
}

// reply sends a JSON body. It ignores write errors: the client is gone.
func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(body))
}
